import { expect, it } from 'vitest';
import { createBudget } from '../../../src/chat/slack/budget.ts';

/** Edits in the first minute when all of these messages would be edited as often as they may. */
function editsInAMinute(messages: number, unasked = 0): number {
  let at = 0;
  const budget = createBudget(() => at);
  for (let n = 0; n < unasked; n += 1) budget.spendUnasked();
  let edits = 0;
  for (; at < 60_000; at += 100) {
    for (let n = 0; n < messages; n += 1) {
      if (budget.waitFor(`m${n}`) > 0) continue;
      budget.spend(`m${n}`);
      edits += 1;
    }
  }
  return edits;
}

it('edits one message every three seconds', () => {
  expect(editsInAMinute(1)).toBe(20);
});

it('keeps all messages together below the limit of Slack, whatever else is said', () => {
  expect(editsInAMinute(20)).toBeLessThanOrEqual(45);
  expect(editsInAMinute(20)).toBeGreaterThan(30);
  expect(editsInAMinute(20, 20) + 20).toBeLessThanOrEqual(45);
});

it('waits as long as Slack asks for', () => {
  const budget = createBudget(() => 0);
  budget.pause(30_000);
  expect(budget.waitFor('m')).toBe(30_000);
});
