import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RestoreWish } from '../../src/orchestrator/request-restore.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { Request } from '../../src/records/request.ts';
import { alice, bob, carol, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const code = (code: string) => expect.objectContaining({ name: 'UserError', code });
const ask = (wish: RestoreWish) =>
  door.orchestrator.requestRestore(alice, { confirm: wish.to ?? 'team-ml', noticeMs: 0, ...wish });
const askUndo = (operation: string) =>
  door.orchestrator.requestUndo(alice, { operation, confirm: 'team-ml', noticeMs: 0 });
const live = (path = '/live/db') => door.world.trees.get(path) ?? new Map<string, string>();

async function approve({ id }: Request, more: object = {}): Promise<Operation> {
  const { running } = await door.orchestrator.decide(bob, { request: id, approves: true, ...more });
  return door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
}

/** Someone works on: `first` and `last` are of another time, and there is a new file. */
function workOn(): void {
  for (const name of ['first', 'last', 'new']) live().set(name, `later ${name}`);
}

describe('a restore of single paths', () => {
  test('brings back these alone, and what was there can be had back', async () => {
    const backup = await door.backUp();
    workOn();
    const request = await ask({ backup, only: ['db/first', '/live/db/first'] });
    expect(request.plan).toMatchObject({
      scope: 'paths',
      parts: [{ name: 'db', within: 'first', is: 'file', files: 1 }],
    });
    expect(request.plan).not.toHaveProperty('definition');
    const restored = await approve(request);
    expect(restored.status).toBe('succeeded');
    expect([...live().entries()].filter(([name]) => name !== 'log')).toEqual(
      expect.arrayContaining([
        ['first', 'now first db'],
        ['last', 'later last'],
        ['new', 'later new'],
      ]),
    );
    expect((await approve(await askUndo(restored.id))).status).toBe('succeeded');
    expect(live().get('first')).toBe('later first');
  });

  test('is not even planned for who could not ask for it: a plan tells what is in the backup', async () => {
    const backup = await door.backUp();
    door.setPolicy({ operators: ['alice'] });
    await expect(door.orchestrator.planRestore(bob, { backup, only: ['db/first'] })).rejects.toThrow(
      code('not-allowed'),
    );
    await expect(door.orchestrator.planRestore(bob, { backup })).rejects.toThrow(code('not-allowed'));
    expect(await door.orchestrator.planRestore(alice, { backup, only: ['db/first'] })).toBeDefined();
  });

  test('takes a whole part, and drops paths that lie inside of another', async () => {
    const backup = await door.backUp();
    const { plan } = await door.orchestrator.planRestore(alice, { backup, only: ['db/first', 'db', 'db/last/'] });
    expect(plan.parts.map(({ name, within }) => [name, within])).toEqual([['db', undefined]]);
  });

  test.each([
    ['models/x', 'is in no part'],
    ['/elsewhere/first', 'is in no part'],
    ['db/../etc', 'is not a plain path'],
    ['db/a//b', 'is not a plain path'],
    ['db/nothing', 'is not in bkp_'],
  ])('refuses %s', async (path, sentence) => {
    const backup = await door.backUp();
    await expect(ask({ backup, only: [path] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(sentence),
    });
  });
});

describe('a restore into another workspace', () => {
  test('reads the repository of the one it was taken of, and leaves the definition and the source alone', async () => {
    const backup = await door.backUp();
    const lab = door.addWorkspace('lab');
    live('/lab/db').set('first', 'of the lab');
    const request = await ask({ backup, to: 'lab' });
    expect(request).toMatchObject({ workspace: 'lab', plan: { fromWorkspace: 'team-ml', workspace: 'lab' } });
    const operation = await approve(request);
    expect(operation).toMatchObject({ status: 'succeeded', workspace: 'lab' });
    expect(live('/lab/db').get('first')).toBe('now first db');
    expect(lab.definition).toBe('definition now');
    expect(door.world.stops).toHaveLength(1); // of the backup
  });

  test('is for operators of both, and needs the name of the one that is overwritten', async () => {
    const backup = await door.backUp();
    door.addWorkspace('lab');
    await expect(ask({ backup, to: 'lab', confirm: 'team-ml' })).rejects.toThrow(code('not-confirmed'));
    await expect(ask({ backup, to: 'labs' })).rejects.toThrow(code('unknown-workspace'));
    door.setPolicy({ operators: ['bob'] });
    await expect(ask({ backup, to: 'lab' })).rejects.toThrow(code('not-allowed'));
  });

  test('holds its backup from deletion, before and while it runs', async () => {
    const backup = await door.backUp();
    door.addWorkspace('lab');
    const request = await ask({ backup, to: 'lab', noticeMs: 600_000 });
    const doomed = { backup, confirm: 'team-ml' };
    await expect(door.orchestrator.requestDelete(carol, doomed)).rejects.toThrow(code('backup-held'));
    const { running } = await door.orchestrator.decide(bob, { request: request.id, approves: true });
    await door.settle(async () => (await door.catalog.requests.get(request.id))?.status === 'used');
    await expect(door.orchestrator.requestDelete(carol, doomed)).rejects.toMatchObject({
      code: 'backup-held',
      message: expect.stringContaining('into lab'),
    });
    await door.drive(running?.ended ?? Promise.reject(new Error('not started')));
    await door.orchestrator.requestDelete(carol, doomed);
  });
});

describe('an undo', () => {
  test('brings back what a restore displaced, and can be undone itself', async () => {
    const backup = await door.backUp();
    workOn();
    const restored = await approve(await ask({ backup }));
    expect(live().get('first')).toBe('now first db');
    const request = await askUndo('team-ml');
    expect(request).toMatchObject({ kind: 'undo', plan: { undoes: restored.id, overwrites: [{ name: 'db' }] } });
    await expect(door.orchestrator.decide(alice, { request: request.id, approves: true })).rejects.toThrow(
      code('own-approval'),
    );
    const undone = await approve(request);
    expect(undone).toMatchObject({ kind: 'undo', status: 'succeeded' });
    expect(live().get('new')).toBe('later new');
    await expect(askUndo(restored.id)).rejects.toThrow(code('unknown-operation'));
    expect((await approve(await askUndo(undone.id))).status).toBe('succeeded');
    expect(live().get('first')).toBe('now first db');
  });

  test('that was asked for keeps what it would bring back, also when its time has passed', async () => {
    const restored = await approve(await ask({ backup: await door.backUp() }));
    door.world.time.pass(7 * 24 * 3_600_000 - 60_000);
    const request = await askUndo(restored.id);
    door.world.time.pass(3_600_000);
    await door.orchestrator.sweep();
    expect((await approve(request)).status).toBe('succeeded');
  });

  test('is refused once nothing is kept, and its approval once that is gone', async () => {
    const restored = await approve(await ask({ backup: await door.backUp() }));
    const request = await askUndo(restored.id);
    await door.orchestrator.cancel(alice, request.id);
    const late = await askUndo(restored.id);
    door.world.displaced.length = 0; // somebody removed it by hand
    await expect(door.orchestrator.decide(bob, { request: late.id, approves: true })).rejects.toThrow(
      code('unknown-operation'),
    );
    await expect(askUndo('team-ml')).rejects.toThrow(code('unknown-operation'));
  });

  test('is refused with a sentence of its own for what is not known, and for what displaced nothing', async () => {
    const backup = await door.backUp();
    const undo = (operation: string) => door.orchestrator.planUndo(operation);
    await expect(undo('op_zzzzzzzzzz')).rejects.toMatchObject({
      code: 'unknown-operation',
      message: expect.stringContaining('There is no operation "op_zzzzzzzzzz"'),
    });
    for (const wanted of [backup.replace('bkp_', 'op_'), 'team-ml']) {
      await expect(undo(wanted)).rejects.toThrow(`Nothing that "${wanted}" displaced is kept.`);
    }
  });

  test('needs the name repeated', async () => {
    const restored = await approve(await ask({ backup: await door.backUp() }));
    const wish = { operation: restored.id, confirm: 'team' };
    await expect(door.orchestrator.requestUndo(alice, wish)).rejects.toThrow(code('not-confirmed'));
  });
});

describe('a restore with no room beside', () => {
  test('writes in place, and what stood there is a backup that brings it back', async () => {
    const backup = await door.backUp();
    workOn();
    door.world.freeBytes = 20; // less than the backup, and enough with what is written over
    const request = await ask({ backup });
    expect(request.plan).toMatchObject({ way: 'in-place' });
    const restored = await approve(request);
    expect(restored).toMatchObject({ kind: 'restore-in-place', status: 'succeeded' });
    expect(live().has('new')).toBe(false);
    const safety = (await door.orchestrator.listBackups({}))[0];
    expect(safety).toMatchObject({ status: 'completed', reason: expect.stringContaining(restored.id) });
    expect(restored.outcome).toMatchObject({ safetyBackupId: safety?.id });
    await approve(await ask({ backup: safety?.id ?? '' }));
    expect(live().get('new')).toBe('later new');
  });

  test('is not what was approved when there was room: it has to be asked for again', async () => {
    const request = await ask({ backup: await door.backUp() });
    door.world.freeBytes = 1;
    await expect(approve(request)).rejects.toThrow(code('plan-changed'));
  });
});

describe('a restore of an incomplete backup', () => {
  test('needs an approver who says that they know what it lacks', async () => {
    door.world.unreadable.add('/live/db/last');
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
    expect((await door.drive(running.ended)).status).toBe('failed');
    door.world.unreadable.clear();
    const [torn] = await door.orchestrator.listBackups({});
    expect(torn?.status).toBe('incomplete');
    const request = await ask({ backup: torn?.id ?? '' });
    expect(request.plan).toMatchObject({ missing: ['db/last'] });
    await expect(approve(request)).rejects.toThrow(code('not-confirmed'));
    expect((await approve(request, { acceptsIncomplete: true })).status).toBe('succeeded');
    expect(live().has('last')).toBe(false);
    expect((await door.catalog.requests.get(request.id))?.votes).toMatchObject([{ acceptsIncomplete: true }]);
  });
});

test('a restore that would outlast the downtime budget is refused before anyone is asked', async () => {
  const backup = await door.backUp();
  door.setPolicy({ downtimeBudget: 10 });
  await expect(ask({ backup })).rejects.toThrow(code('over-budget'));
});
