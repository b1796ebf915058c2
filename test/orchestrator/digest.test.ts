import { afterEach, beforeEach, expect, test } from 'vitest';
import { alice, type Door, openDoor } from './door.ts';
import { makeScheduled } from './upkeep.ts';

const DAY = 86_400_000;

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const digests = () => door.chat.said.map(({ message }) => message).filter(({ key }) => key.startsWith('digest:'));

async function failOnce(): Promise<void> {
  door.world.writers.set('db', 'vim (1)');
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
  expect(await door.drive(running.ended)).toMatchObject({ status: 'failed' });
  door.world.writers.clear();
}

test('the digest tells of the last seven days against the seven before, and of the seven to come', async () => {
  const nightly = makeScheduled('nightly', { when: 'nightly at 02:00', zone: 'Europe/Berlin' });
  const proof = makeScheduled('proof', { does: 'verify', when: 'sundays at 04:00' });
  const held = makeScheduled('held', { when: 'hourly' });
  const late = makeScheduled('late', { when: 'nightly at 05:00', blackout: ['2026-03-01..2026-12-31'] });
  door.setUpkeep({ schedules: [nightly, proof, held, late] });
  await door.backUp();
  await door.backUp();
  door.world.time.pass(8 * DAY);
  const id = await door.backUp();
  await failOnce();
  await door.drive((await door.orchestrator.requestVerify(alice, id)).ended);
  const [now] = [door.world.time.now()];
  const missed = [8, 3].map((days) => ({
    slotAt: new Date(now - days * DAY).toISOString(),
    because: 'nobody was there',
  }));
  await door.catalog.schedules.change(nightly.id, (state) => ({ ...state, missed }));
  const at = new Date(now).toISOString();
  await door.catalog.schedules.change(held.id, (state) => ({ ...state, paused: { by: 'alice', at } }));

  expect(await door.orchestrator.sayDigest()).toBe(1);
  const [said] = digests();
  expect(said).toMatchObject({ key: 'digest:all:2026-03-09', tone: 'warning' });
  expect(said?.text).toMatch(
    /^Backups from 2026-03-02 to 2026-03-09, 1 workspace: 1 backup, 1 failed, 1 missed; services /,
  );
  expect(said?.details?.[0]).toMatch(
    /^team-ml: 1 backup, 1 failed, 1 missed; .* added; verified 2026-03-09; next week nightly 7 times from Tue 02:00 Europe\/Berlin, proof Sun 04:00 UTC$/,
  );
  expect(said?.details?.[0]).toMatch(/down for .*(% (more|less) than|as) the week before|never down/);
});

test('said again on one day it is the same message, and an overdue workspace is named in its sentence', async () => {
  door.setUpkeep({ workspaces: { 'team-ml': { rpoMs: DAY } } });
  await door.backUp();
  door.world.time.pass(2 * DAY);
  await door.orchestrator.sayDigest();
  await door.orchestrator.sayDigest();
  const [first, second] = digests();
  expect(second).toEqual(first);
  expect(first?.text).toContain('OVERDUE: team-ml');
  expect(first?.details?.[0]).toContain('nothing is planned');
});
