import { afterEach, beforeEach, expect, test } from 'vitest';
import { alice, bob, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

/** While services are down nothing gives way, and what nobody waits for does. */
function expectRightOfWay(long: readonly string[]): void {
  expect(door.moves.filter(({ yields, isUp }) => yields && !isUp)).toEqual([]);
  const yielded = door.moves.filter(({ yields }) => yields).map(({ key }) => key);
  expect(yielded).toEqual(long);
}

async function restore(freeBytes: number): Promise<void> {
  const backup = await door.backUp();
  door.moves.length = 0;
  door.world.freeBytes = freeBytes;
  const request = await door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', noticeMs: 0 });
  const { running } = await door.orchestrator.decide(bob, { request: request.id, approves: true });
  const ended = await door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
  expect(ended.status).toBe('succeeded');
}

test('a backup copies out of the way of people, and what they wait for at full speed', async () => {
  await door.backUp();
  expectRightOfWay(['pre-copy', 'check']);
  expect(door.moves).toContainEqual({ key: 'delta', yields: false, isUp: false });
});

test('a restore, which somebody waits for, gives way to nothing', async () => {
  await restore(door.world.freeBytes);
  expectRightOfWay([]);
});

test('a restore in place neither, until its safety backup is checked', async () => {
  await restore(20);
  expectRightOfWay(['check']);
  expect(door.moves).toContainEqual({ key: 'write-db', yields: false, isUp: false });
});

test('a verification gives way all the time', async () => {
  const backup = await door.backUp();
  door.moves.length = 0;
  await door.drive((await door.orchestrator.requestVerify(bob, backup)).ended);
  expectRightOfWay(['fill-db', 'compare-0']);
});

test('the copy of what is kept still by a snapshot gives way', async () => {
  const wish = { workspace: 'team-ml', noticeMs: 0, capture: 'snapshot' as const };
  expect(await door.drive((await door.orchestrator.requestBackup(alice, wish)).ended)).toMatchObject({
    status: 'succeeded',
  });
  expectRightOfWay(['later', 'check']);
});

test('looking after the repository gives way', async () => {
  await door.backUp();
  door.moves.length = 0;
  await door.drive((await door.orchestrator.prune(bob, 'team-ml')).ended);
  expectRightOfWay(['prune', 'check']);
  door.moves.length = 0;
  await door.drive((await door.orchestrator.checkRepository(bob, 'team-ml', {})).ended);
  const yielded = door.moves.filter(({ yields }) => yields).map(({ key }) => key);
  expect(yielded.length).toBeGreaterThan(0);
  expect(yielded.every((key) => key.startsWith('reread-'))).toBe(true);
});
