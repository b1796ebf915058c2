import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { fire } from '../../src/main-schedules.ts';
import type { RunningOperation } from '../../src/operation/run-operation.ts';
import type { Person } from '../../src/records/person.ts';
import { type Fired, nobody, type Scheduled } from '../../src/schedule/schedule.ts';
import { alice, bob, type Door, openDoor } from './door.ts';
import { makeNightly, type Nightly } from './upkeep.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const [MINUTE, HOUR] = [60_000, 3_600_000];
const code = (code: string) => expect.objectContaining({ code });
const now = () => door.world.time.now();
const make = (changes: Nightly = {}) => makeNightly(now(), changes);

/** As the scheduler does it, or a person who says `schedule run`. */
function begin(schedule: Scheduled, person: Person = nobody): Promise<Fired> {
  return fire(door.orchestrator, schedule, new Date(Math.floor(now() / MINUTE) * MINUTE), person);
}

/** An approved restore that counts down for so long. */
async function keepBusy(noticeMs: number): Promise<RunningOperation> {
  const wish = { backup: await door.backUp(), confirm: 'team-ml', noticeMs };
  const { id } = await door.orchestrator.requestRestore(alice, wish);
  const { running } = await door.orchestrator.decide(bob, { request: id, approves: true });
  if (!running) throw new Error('it did not start');
  await door.settle(() => running.view().stopsAt !== undefined);
  return running;
}

async function endOf(fired: Fired) {
  if (fired.status !== 'launched') throw new Error(`${fired.status}: ${fired.because}`);
  const one = door.orchestrator.running().find((running) => running.operation().id === fired.operationId);
  return door.drive(one?.ended ?? Promise.reject(new Error('it does not run')));
}

test('a night’s backup waits for what is done in its workspace, and begins when that has ended', async () => {
  const restore = await keepBusy(30 * MINUTE);
  const fired = await door.drive(begin(make()));
  expect(restore.isOver()).toBe(true);
  expect(await endOf(fired)).toMatchObject({ kind: 'backup', status: 'succeeded', trigger: 'schedule' });
});

test('what was approved and waits for its turn goes first', async () => {
  const backup = await door.backUp();
  const wish = { backup, confirm: 'team-ml', noticeMs: 10 * MINUTE };
  const asked = [
    await door.orchestrator.requestRestore(alice, wish),
    await door.orchestrator.requestRestore(alice, wish),
  ];
  for (const { id } of asked) await door.orchestrator.decide(bob, { request: id, approves: true });
  await endOf(await door.drive(begin(make())));
  const did = (await door.catalog.operations.list()).map(({ kind, status }) => `${kind} ${status}`);
  expect(did).toEqual(['backup succeeded', 'restore succeeded', 'restore succeeded', 'backup succeeded']);
});

test('it is put off, with what was in the way, when it could not stop services inside its window any more', async () => {
  const restore = await keepBusy(10 * HOUR);
  const fired = await door.drive(begin(make({ openForMs: 2 * HOUR })));
  expect(fired).toEqual({
    status: 'put-off',
    because: `team-ml was busy with the restore ${restore.operation().id} until its window closed`,
  });
  await restore.cancel(alice);
  await door.drive(restore.ended);
});

test('without a window it waits for an hour', async () => {
  const restore = await keepBusy(10 * HOUR);
  const before = now();
  const fired = await door.drive(begin(make({ window: undefined })));
  expect(fired).toMatchObject({ status: 'put-off', because: expect.stringContaining('for an hour') });
  expect(now() - before).toBeGreaterThanOrEqual(HOUR);
  expect(now() - before).toBeLessThan(HOUR + 2 * MINUTE);
  await restore.cancel(alice);
  await door.drive(restore.ended);
});

test('a backup does not wait for another one, and services do not stop twice', async () => {
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
  await expect(begin(make())).rejects.toThrow(code('workspace-busy'));
  await door.drive(running.ended);
});

test('a verification waits for a backup', async () => {
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
  const fired = await door.drive(begin(make({ does: 'verify' })));
  expect(running.isOver()).toBe(true);
  expect(await endOf(fired)).toMatchObject({ kind: 'verify', status: 'succeeded' });
});

test('a person who asks for it is told at once what is in the way', async () => {
  const restore = await keepBusy(30 * MINUTE);
  await expect(begin(make(), bob)).rejects.toThrow(code('workspace-busy'));
  await door.drive(restore.ended);
});

test('it is left out when somebody paused it meanwhile', async () => {
  const restore = await keepBusy(30 * MINUTE);
  const refused = expect(begin(make())).rejects.toThrow(/paused by bob/);
  const paused = { by: 'bob', at: new Date(now()).toISOString() };
  await door.catalog.schedules.change('team-ml/nightly', (state) => ({ ...state, paused }));
  await door.drive(restore.ended);
  await door.drive(refused);
});

test('what is refused for another reason than that is refused', async () => {
  const refused = door.orchestrator.onceFree(nobody, make(), new Date(now()), async () => {
    throw new UserError('not-allowed', 'It may not.');
  });
  await expect(refused).rejects.toThrow(code('not-allowed'));
});

test('what was free a moment ago and is not any more is tried again, and in the end told', async () => {
  let tries = 0;
  const from = new Date(now());
  const result = door.orchestrator.onceFree(nobody, make({ openForMs: 2 * HOUR }), from, async () => {
    tries += 1;
    throw new UserError('workspace-busy', 'Somebody reads its repository.');
  });
  const refused = expect(result).rejects.toThrow('Somebody reads its repository.');
  await door.drive(refused);
  expect(tries).toBeGreaterThan(100);
  expect(now() - from.getTime()).toBeLessThan(2 * HOUR);
});
