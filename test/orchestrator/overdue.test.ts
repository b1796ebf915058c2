import { afterEach, beforeEach, expect, test } from 'vitest';
import { alice, type Door, openDoor } from './door.ts';
import { makeScheduled } from './upkeep.ts';

const HOUR = 3_600_000;
const nightly = makeScheduled('nightly', { when: 'nightly at 02:00' });

let door: Door;
beforeEach(async () => {
  door = await openDoor();
  door.setUpkeep({ schedules: [nightly] });
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const texts = () =>
  door.chat.said
    .map(({ message }) => message.text)
    .filter((text) => text.includes('verdue') || text.includes('OVERDUE'));
/** Time passes, and people are told every ten minutes what is overdue. */
async function live(hours: number): Promise<void> {
  for (let at = 0; at < hours * 6; at += 1) {
    door.world.time.pass(HOUR / 6);
    await door.orchestrator.tellOverdue();
  }
}

test('an overdue workspace is announced once, then daily, and clears itself with one message', async () => {
  await door.backUp();
  await live(35);
  expect(texts()).toEqual([]);
  await live(2);
  expect(texts()).toEqual([expect.stringMatching(/^team-ml: its backup is OVERDUE since .* due every 1d 12h/)]);
  expect(door.chat.said.at(-1)?.message.tone).toBe('bad');
  await live(20);
  expect(texts()).toHaveLength(1);
  await live(28);
  expect(texts()).toHaveLength(3);
  expect(new Set(door.chat.said.slice(-3).map(({ message }) => message.key)).size).toBe(3);
  await door.backUp();
  await live(1);
  expect(texts()).toHaveLength(4);
  expect(texts().at(-1)).toMatch(/^team-ml: its backup is not overdue any more. The last one was taken at/);
  await live(24);
  expect(texts()).toHaveLength(4);
});

test('one that never had a backup is overdue once it was looked after for so long', async () => {
  await live(35);
  expect(texts()).toEqual([]);
  await live(2);
  expect(texts()).toEqual([expect.stringContaining('there is none')]);
  expect(await door.orchestrator.tellOverdue()).toMatchObject([{ workspace: 'team-ml', freshness: { is: 'overdue' } }]);
});

test('a paused schedule makes nothing overdue, and its pause is told', async () => {
  await door.backUp();
  await live(40);
  const at = new Date(door.world.time.now()).toISOString();
  await door.catalog.schedules.change(nightly.id, (state) => ({ ...state, paused: { by: 'alice', at } }));
  await live(1);
  expect(texts().at(-1)).toContain('Its schedule is paused by alice.');
  expect(await door.orchestrator.freshness()).toMatchObject([{ freshness: { is: 'paused', by: 'alice' } }]);
  await live(48);
  expect(texts()).toHaveLength(2);
});

test('its own RPO counts where one is configured, and without any nobody is told', async () => {
  await door.backUp();
  door.setUpkeep({ workspaces: { 'team-ml': { rpoMs: 2 * HOUR } } });
  await live(3);
  expect(texts()).toEqual([expect.stringContaining('due every 2h')]);
  door.setUpkeep({});
  await live(48);
  expect(texts()).toHaveLength(2);
  expect(await door.orchestrator.freshness('team-ml')).toMatchObject([{ freshness: { is: 'unwatched' } }]);
});

test('a chat that is down loses nothing: it is said when the chat is back, once', async () => {
  await door.backUp();
  door.chat.isDown = true;
  await live(40);
  expect(texts()).toEqual([]);
  door.chat.isDown = false;
  await live(2);
  expect(texts()).toHaveLength(1);
});

test('only who is an operator, or a schedule, has the newest backup verified, and only where that says something new', async () => {
  const code = (code: string) => expect.objectContaining({ name: 'UserError', code });
  const nobody = { name: 'schedule', proof: 'schedule' } as const;
  await expect(door.orchestrator.verifyNewest(nobody, 'team-ml')).rejects.toThrow(code('unknown-backup'));
  await door.backUp();
  door.setPolicy({ operators: ['bob'], verify: { again: '30d' } });
  await expect(door.orchestrator.verifyNewest(alice, 'team-ml')).rejects.toThrow(code('not-allowed'));
  const begun = await door.orchestrator.verifyNewest(nobody, 'team-ml', 'schedule proof');
  const operation = await door.drive(begun.ended);
  expect(operation).toMatchObject({ status: 'succeeded', trigger: 'schedule', reason: 'schedule proof' });
  await expect(door.orchestrator.verifyNewest(nobody, 'team-ml')).rejects.toThrow(code('nothing-to-do'));
  door.world.time.pass(30 * 24 * HOUR);
  expect(await door.drive((await door.orchestrator.verifyNewest(nobody, 'team-ml')).ended)).toMatchObject({
    status: 'succeeded',
  });
  await door.backUp().catch(() => undefined);
});
