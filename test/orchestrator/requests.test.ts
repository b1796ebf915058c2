import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/records/person.ts';
import type { Request } from '../../src/records/request.ts';
import { makeBackup, makePart } from '../fakes/records.ts';
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
const ask = (backup: string, by: Person = alice, confirm = 'team-ml') =>
  door.orchestrator.requestRestore(by, { backup, confirm, reason: 'broken' });
const decide = (by: Person, { id }: Request, approves = true, reason?: string) =>
  door.orchestrator.decide(by, { request: id, approves, reason });
const audit = async () => (await door.catalog.audit.list(50)).map(({ by, did }) => `${by.name} ${did}`).reverse();

describe('asking for a restore', () => {
  test('records it, shows it, and starts nothing', async () => {
    const backupId = await door.backUp();
    const request = await ask(backupId);
    expect(request).toMatchObject({ status: 'pending', backupId, by: alice, votesNeeded: 1, votes: [] });
    expect(door.chat.said.at(-1)).toMatchObject({ how: 'asked', message: { text: expect.stringContaining('broken') } });
    expect(door.orchestrator.running()).toEqual([]);
    expect((await audit()).at(-1)).toBe('alice restore asked');
  });

  test('needs the name of the workspace repeated', async () => {
    const backupId = await door.backUp();
    for (const confirm of ['', 'team-m', 'TEAM-ML']) {
      await expect(ask(backupId, alice, confirm)).rejects.toThrow(code('not-confirmed'));
    }
    expect(await door.catalog.requests.list()).toEqual([]);
  });

  test('is refused where nobody else could approve', async () => {
    const backupId = await door.backUp();
    door.setPolicy({ approvers: ['alice'] });
    await expect(ask(backupId)).rejects.toThrow(code('not-allowed'));
    door.setPolicy({ approvers: ['alice', 'bob'], votes: 2 });
    await expect(ask(backupId)).rejects.toThrow(code('not-allowed'));
  });

  test('is refused to who is no operator, and for a backup that is being deleted', async () => {
    const backupId = await door.backUp();
    door.setPolicy({ operators: ['bob'] });
    await expect(ask(backupId)).rejects.toThrow(code('not-allowed'));
    const torn = makeBackup({ status: 'deleting' });
    await door.catalog.backups.save(torn);
    await expect(ask(torn.id, bob)).rejects.toThrow(code('backup-incomplete'));
  });

  test('finds a backup by its id, its end, its name or its workspace, and asks when several fit', async () => {
    const oldest = makeBackup({ name: 'before the upgrade', takenAt: '2026-02-01T00:00:00.000Z', parts: [makePart()] });
    await door.catalog.backups.save(oldest);
    const newest = await door.backUp();
    for (const wanted of [newest, newest.slice(-6), 'team-ml']) expect((await ask(wanted)).backupId).toBe(newest);
    expect((await ask('before the upgrade')).backupId).toBe(oldest.id);
    await door.catalog.backups.save(makeBackup({ name: 'before the upgrade' }));
    await expect(ask('before the upgrade')).rejects.toMatchObject({
      code: 'unknown-backup',
      hint: 'Write the whole id.',
    });
  });
});

describe('deciding', () => {
  test('is not for the one who asked, nor for a stranger; both leave it as it was', async () => {
    const request = await ask(await door.backUp());
    await expect(decide(alice, request)).rejects.toThrow(code('own-approval'));
    await expect(decide({ ...alice, name: 'carol' }, request)).rejects.toThrow(code('own-approval'));
    await expect(decide({ name: 'mallory', proof: 'uid', uid: 6 }, request)).rejects.toThrow(code('not-allowed'));
    expect(await door.catalog.requests.get(request.id)).toMatchObject({ status: 'pending', votes: [] });
    expect(await audit()).not.toContain('alice approved');
  });

  test('needs as many votes as the policy said when it was asked', async () => {
    door.setPolicy({ votes: 2 });
    const request = await ask(await door.backUp());
    door.setPolicy({ votes: 1 });
    expect(await decide(bob, request)).toMatchObject({ request: { status: 'pending' }, running: undefined });
    const { running } = await decide(carol, request);
    expect((await door.drive(running?.ended ?? Promise.reject(new Error('not started')))).status).toBe('succeeded');
    expect((await audit()).slice(-2)).toEqual(['bob approved', 'carol approved']);
  });

  test('of two at the same moment uses the approval once', async () => {
    const request = await ask(await door.backUp());
    const both = await Promise.allSettled([decide(bob, request), decide(carol, request)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [running] = door.orchestrator.running();
    await door.drive(running?.ended ?? Promise.reject(new Error('not started')));
    expect((await door.catalog.operations.list()).filter(({ kind }) => kind === 'restore')).toHaveLength(1);
  });

  test('on what changed since it was asked is refused, and the request still stands', async () => {
    const request = await ask(await door.backUp());
    Object.assign(door.world, { release: '2.0' });
    await expect(decide(bob, request)).rejects.toThrow(code('plan-changed'));
    expect((await door.catalog.requests.get(request.id))?.status).toBe('pending');
    expect((await decide(bob, request, false, 'it is another release now')).request.status).toBe('denied');
  });

  test('a denied request starts nothing and cannot be approved any more', async () => {
    const request = await ask(await door.backUp());
    await expect(decide(bob, request, false)).rejects.toThrow(code('bad-input'));
    await decide(bob, request, false, 'not today');
    await expect(decide(carol, request)).rejects.toThrow(code('not-pending'));
    expect(door.chat.requests.get(request.id)?.status).toBe('denied');
    expect(door.orchestrator.running()).toEqual([]);
  });
});

describe('two votes of three approvers', () => {
  const drawn = () => door.chat.said.filter(({ how }) => how === 'asked').at(-1)?.message.text;
  const ended = async (running: Awaited<ReturnType<typeof decide>>['running']) =>
    door.drive(running?.ended ?? Promise.reject(new Error('not started')));
  const restores = async () => (await door.catalog.operations.list()).filter(({ kind }) => kind === 'restore');
  const dora: Person = { name: 'dora', proof: 'uid', uid: 1003 };
  const zoe: Person = { name: 'zoe', proof: 'uid', uid: 1004 };
  let request: Request;
  beforeEach(async () => {
    door.setPolicy({ approvers: ['bob', 'carol', 'dora'], votes: 2 });
    request = await ask(await door.backUp());
  });

  test('start it, and its drawing says who voted and how many are missing', async () => {
    expect(drawn()).toContain('It needs 2 approvals until');
    await decide(dora, request);
    expect(drawn()).toContain('Approved by dora; it needs 1 more approval until');
    const { running } = await decide(bob, request);
    expect(drawn()).toContain('Approved by dora and bob');
    expect((await ended(running)).status).toBe('succeeded');
    await expect(decide(carol, request)).rejects.toThrow(code('not-pending'));
  });

  test('are no use when one denies, before or after the other', async () => {
    await decide(bob, request);
    await decide(carol, request, false, 'wait until Monday');
    expect(drawn()).toContain('Denied by carol: wait until Monday');
    await expect(decide(dora, request)).rejects.toThrow(code('not-pending'));
    expect(await restores()).toEqual([]);
  });

  test('are no use when one who gave them may not approve any more as its turn comes', async () => {
    const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
    await decide(bob, request);
    await decide(carol, request);
    door.setPolicy({ approvers: ['carol', 'dora'], votes: 2 });
    await door.drive(busy.ended);
    await door.settle(async () => (await door.catalog.requests.get(request.id))?.status === 'expired');
    expect(drawn()).toContain('It does not have all the approvals that it needs now.');
    expect(await restores()).toEqual([]);
  });

  test('of one human by two names are one', async () => {
    await decide(carol, request);
    await expect(decide({ ...carol, name: 'dora' }, request)).rejects.toThrow(code('not-pending'));
    await expect(decide({ ...alice, name: 'dora' }, request)).rejects.toThrow(code('own-approval'));
    expect((await door.catalog.requests.get(request.id))?.votes).toHaveLength(1);
  });

  test('do not count when the last one comes too late', async () => {
    await decide(bob, request);
    door.world.time.pass(8 * 3_600_000);
    await expect(decide(carol, request)).rejects.toThrow(code('request-expired'));
    await door.orchestrator.sweep();
    expect(drawn()).toContain('It expired.');
    expect(await restores()).toEqual([]);
  });

  test('at the same instant both count, and start it once', async () => {
    const both = await Promise.all([decide(bob, request), decide(carol, request)]);
    expect((await door.catalog.requests.get(request.id))?.votes.map(({ by }) => by.name).sort()).toEqual([
      'bob',
      'carol',
    ]);
    const [running] = both.flatMap((one) => one.running ?? []);
    expect((await ended(running)).status).toBe('succeeded');
    expect(await restores()).toHaveLength(1);
  });

  test('at the same instant by one human count once', async () => {
    const both = await Promise.allSettled([decide(bob, request), decide(bob, request)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await door.catalog.requests.get(request.id)).toMatchObject({ status: 'pending', votes: [{ by: bob }] });
    await expect(decide(zoe, request)).rejects.toThrow(code('not-allowed'));
  });
});

describe('a request that nobody decides on', () => {
  test('expires, is drawn so, and is refused from then on', async () => {
    const request = await ask(await door.backUp());
    door.world.time.pass(8 * 3_600_000 - 1);
    await door.orchestrator.sweep();
    expect((await door.catalog.requests.get(request.id))?.status).toBe('pending');
    door.world.time.pass(1);
    await expect(decide(bob, request)).rejects.toThrow(code('request-expired'));
    await door.orchestrator.sweep();
    expect(door.chat.requests.get(request.id)?.status).toBe('expired');
    await expect(decide(bob, request)).rejects.toThrow(code('not-pending'));
  });

  test('is taken back by the one who asked alone', async () => {
    const request = await ask(await door.backUp());
    await expect(door.orchestrator.cancel(bob, request.id)).rejects.toThrow(code('not-allowed'));
    await door.orchestrator.cancel(alice, request.id);
    expect(door.chat.requests.get(request.id)?.status).toBe('withdrawn');
    await expect(decide(bob, request)).rejects.toThrow(code('not-pending'));
  });
});
