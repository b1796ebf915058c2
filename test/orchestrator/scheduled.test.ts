import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, UserError } from '../../src/errors.ts';
import type { Operation } from '../../src/records/operation.ts';
import { nobody, type Scheduled } from '../../src/schedule/schedule.ts';
import { schedulesForAll } from '../../src/schedule/settings.ts';
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

const MINUTE = 60_000;
const code = (code: string) => expect.objectContaining({ code });

const makeSchedule = (changes: Nightly = {}) => makeNightly(door.world.time.now(), changes);
const slotNow = () => new Date(Math.floor(door.world.time.now() / MINUTE) * MINUTE);
const begin = (schedule: Scheduled) => door.orchestrator.backUpAsScheduled(nobody, schedule, slotNow());

const allEnded = () => door.drive(Promise.all(door.orchestrator.running().map((one) => one.ended)));

async function begun(schedule: Scheduled) {
  const fired = await begin(schedule);
  if (fired.status !== 'launched') throw new Error(`${fired.status}: ${fired.because}`);
  const running = door.orchestrator.running().find((one) => one.operation().id === fired.operationId);
  if (!running) throw new Error('it does not run');
  return running;
}

function limit(limits: object): void {
  door.setUpkeep({ limits: schedulesForAll.parse(limits) });
}

describe('a scheduled backup', () => {
  test('runs as its schedule says, by nobody, and needs no operator', async () => {
    door.setPolicy({ operators: ['alice'] });
    const running = await begun(makeSchedule({ notice: '20m', capture: 'cold', timeout: '3h' }));
    const ended: Operation = await door.drive(running.ended);
    expect(ended).toMatchObject({
      ...{ status: 'succeeded', trigger: 'schedule', reason: 'schedule nightly', by: nobody },
      ...{ input: { noticeMs: 20 * MINUTE, capture: 'cold' }, settings: { policy: { timeout: 3 * 3_600_000 } } },
      scheduled: { id: 'team-ml/nightly', windowClosesAt: expect.any(String) },
    });
    expect(await door.orchestrator.findBegun(makeSchedule(), new Date(ended.scheduled?.slotAt ?? 0))).toBe(ended.id);
  });

  test('is refused by a sentence while another operation runs, and begun at once when a person asks', async () => {
    const first = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await expect(begin(makeSchedule())).rejects.toThrow(code('workspace-busy'));
    await door.drive(first.ended);
    const asked = await door.orchestrator.backUpAsScheduled(bob, makeSchedule(), slotNow());
    expect(asked.status).toBe('launched');
    expect(door.orchestrator.running()[0]?.operation()).toMatchObject({ trigger: 'person', by: { name: 'bob' } });
    await allEnded();
  });

  test('does not stop services when the announcement reaches nobody', async () => {
    door.chat.people = 0;
    const ended = await door.drive((await begun(makeSchedule())).ended);
    expect(ended).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('reached nobody') } });
    expect(ended.journal.some((event) => event.type === 'step-began' && event.step === 'stop')).toBe(false);
  });

  test('is put off when services could not stop inside its window any more', async () => {
    const running = await begun(makeSchedule({ openForMs: 5 * MINUTE }));
    const ended = await door.drive(running.ended);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'put-off' } });
    expect(ended.journal.some((event) => event.type === 'step-began' && event.step === 'stop')).toBe(false);
  });

  test('is postponed by people inside its window only, and its schedule stays as it is', async () => {
    const running = await begun(makeSchedule({ openForMs: 60 * MINUTE }));
    await door.settle(() => running.view().stopsAt !== undefined);
    const { id } = running.operation();
    await expect(door.orchestrator.postpone(bob, id, 2 * 3_600_000)).rejects.toThrow(/window closes/);
    await door.orchestrator.postpone(bob, id, 10 * MINUTE);
    expect(await door.drive(running.ended)).toMatchObject({ status: 'succeeded' });
    expect(await door.catalog.schedules.list()).toEqual([]);
  });

  test('hands the platform what becomes of people’s workloads, and waits no longer than its window is open', async () => {
    const running = await begun(
      makeSchedule({
        openForMs: 30 * MINUTE,
        workloads: Object.fromEntries([
          ['waitFor', '2h'],
          ['then', 'put-off'],
        ]),
      }),
    );
    await door.drive(running.ended);
    const wish = door.world.workloadsWish;
    expect(wish).toMatchObject({ otherwise: 'put-off' });
    expect(wish?.waitForMs).toBeLessThanOrEqual(20 * MINUTE);
  });
});

describe('of many scheduled backups', () => {
  test('so many run at once, and the next begins when one has ended', async () => {
    for (const name of ['b', 'c']) door.addWorkspace(name);
    limit({ atOnce: 2 });
    const schedules = ['team-ml', 'b', 'c'].map((workspace) => makeSchedule({ workspace }));
    const [first, second] = await Promise.all(schedules.slice(0, 2).map(begun));
    const third = begin(schedules[2] ?? makeSchedule());
    await door.settle(() => first?.view().stopsAt !== undefined);
    expect(door.orchestrator.running()).toHaveLength(2);
    expect(await door.drive(third)).toMatchObject({ status: 'launched' });
    expect([first, second].some((one) => one?.isOver())).toBe(true);
    await allEnded();
  });

  test('those that use one storage class wait for each other, and let others pass', async () => {
    const other = door.addWorkspace('b');
    door.addWorkspace('c');
    for (const world of [door.world, other]) world.storageClass = 'slow';
    limit({ atOnce: 9, atOncePerStorageClass: { slow: 1 } });
    await begun(makeSchedule());
    const second = begin(makeSchedule({ workspace: 'b' }));
    await begun(makeSchedule({ workspace: 'c' }));
    expect(door.orchestrator.running().map((one) => one.operation().workspace)).toEqual(['team-ml', 'c']);
    expect(await door.drive(second)).toMatchObject({ status: 'launched' });
    await allEnded();
  });

  test('what finds no room before its window closes is put off', async () => {
    door.addWorkspace('b');
    limit({ atOnce: 1 });
    const busy = await begun(makeSchedule({ openForMs: 20 * 3_600_000, notice: '10h' }));
    const second = await door.drive(begin(makeSchedule({ workspace: 'b', openForMs: 60 * MINUTE })));
    expect(second).toMatchObject({ status: 'put-off', because: expect.stringContaining('no room') });
    await busy.cancel(alice);
    await door.drive(busy.ended);
  });
});

describe('before it begins, a scheduled backup', () => {
  test('runs as last configured while the file is not in order', async () => {
    door.setRefresh(() => {
      throw new ConfigError(['workspaces.other: no such thing']);
    });
    expect(await door.drive((await begun(makeSchedule())).ended)).toMatchObject({ status: 'succeeded' });
  });

  test('is left out when somebody paused it while it waited for its turn', async () => {
    door.addWorkspace('b');
    limit({ atOnce: 1 });
    const first = await begun(makeSchedule());
    const second = begin(makeSchedule({ workspace: 'b' }));
    const paused = { by: 'bob', at: new Date(door.world.time.now()).toISOString() };
    await door.catalog.schedules.change('b/nightly', (state) => ({ ...state, paused }));
    const refused = expect(second).rejects.toThrow(/paused by bob/);
    await door.drive(first.ended);
    await door.drive(refused);
  });
});

describe('to skip the next run', () => {
  test('leaves out the same one when it is said twice', async () => {
    door.setUpkeep({ schedules: [makeSchedule({ when: '0 2 * * *', window: undefined })] });
    const wish = { workspace: 'team-ml', name: 'nightly' };
    const { state } = await door.orchestrator.skipNext(alice, wish);
    await expect(door.orchestrator.skipNext(bob, wish)).rejects.toThrow(code('nothing-to-do'));
    expect((await door.catalog.schedules.get('team-ml/nightly')).skip).toEqual(state.skip);
  });

  test('means the run whose time has come and that begins some minutes later', async () => {
    const schedules = [1, 2, 3, 4, 5].map((one) => ({
      ...makeSchedule({ when: '0 2 * * *', window: undefined, jitter: '3h' }),
      ...{ id: `team-ml/n${one}`, name: `n${one}` },
    }));
    door.setUpkeep({ schedules });
    const [first] = await door.orchestrator.listSchedules({ workspace: 'team-ml', name: 'n1' });
    const slotAt = first?.next[0]?.slotAt ?? '';
    await door.drive(door.world.time.clock().sleep(Date.parse(slotAt) + MINUTE - door.world.time.now()));
    const views = await door.orchestrator.listSchedules({ workspace: 'team-ml' });
    expect(views.filter(({ next }) => next[0]?.slotAt === slotAt).length).toBeGreaterThan(2);
  });
});

describe('stopping services without notice', () => {
  const atOnce = (by = bob) => door.orchestrator.requestBackup(by, { workspace: 'team-ml', noticeMs: 0 });
  const allDay = { hours: '00:00-24:00', zone: 'Europe/Berlin' };

  test('takes an operator in working hours, and says until when', async () => {
    door.setPolicy({ workingHours: allDay, operators: ['alice', 'bob'], now: 'nobody' });
    await expect(atOnce()).rejects.toThrow(/never stopped without notice/);
    door.setPolicy({ workingHours: allDay });
    await expect(atOnce()).rejects.toThrow(/people work there until .* UTC/);
    door.setPolicy({ workingHours: allDay, operators: ['alice', 'bob'] });
    await door.drive((await atOnce()).ended);
  });

  test('is not possible either by postponing to now', async () => {
    door.setPolicy({ now: 'operators' });
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.settle(() => running.view().stopsAt !== undefined);
    const moving = door.orchestrator.postpone(bob, running.operation().id, 'now');
    await expect(moving).rejects.toBeInstanceOf(UserError);
    await door.drive(running.ended);
  });
});
