import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fault } from '../../fakes/slack/faults.ts';
import { alice } from '../../orchestrator/door.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld();
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

test.each([
  { kind: 'rate-limited', retryAfterSeconds: 1 },
  { kind: 'http', status: 500 },
  { kind: 'error', word: 'not_enabled' },
  { kind: 'drop', when: 'before' },
] satisfies Fault[])('a home that Slack does not take ($kind) ends nothing', async (fault) => {
  world.slack.faults.next('views.publish', fault, 3);
  await world.slack.openHome('UALICE');
  await world.slack.when(() => (world.logged.some((line) => line.includes('could not be shown')) ? true : undefined));
});

test('what looks like a moment and is none is shown as it was written', async () => {
  const backup = await world.door.backUp();
  const reason = 'not before 2026-99-99 99:99 UTC';
  await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason });
  await world.slack.type('UBOB', 'CML', '/cml status');
  expect(await world.told('UBOB')).toContain('2026-99-99 99:99 UTC');
  const refused = world.slack.requests.filter((request) => request.refused);
  expect(refused).toEqual([]);
  expect(JSON.stringify(world.slack.ephemerals('UBOB'))).not.toMatch(/NaN|"timestamp":null/);
});
