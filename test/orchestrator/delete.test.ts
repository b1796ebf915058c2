import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import type { Person } from '../../src/records/person.ts';
import type { Request } from '../../src/records/request.ts';
import { makeBackup } from '../fakes/records.ts';
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
  door.orchestrator.requestDelete(by, { backup, confirm, reason: 'too old' });
const askRestore = (backup: string, by: Person = alice) =>
  door.orchestrator.requestRestore(by, { backup, confirm: 'team-ml' });
const decide = (by: Person, { id }: Request, approves = true, reason?: string) =>
  door.orchestrator.decide(by, { request: id, approves, reason });
const statusOf = async (id: string) => (await door.catalog.backups.get(id))?.status;
const audit = async () => (await door.catalog.audit.list(50)).map(({ by, did }) => `${by.name} ${did}`).reverse();
const copies = () => door.world.repository.copies.map(({ id }) => id);

async function approve(request: Request, by: Person = bob): Promise<Operation> {
  const { running } = await decide(by, request);
  return door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
}

async function copiesOf(id: string): Promise<string[]> {
  const backup = await door.catalog.backups.get(id);
  return [backup?.manifestCopyId ?? '', ...(backup?.parts ?? []).flatMap(({ copyId = [] }) => copyId)];
}

/** A deletion that began while the repository was held: the catalog says so, the copies still stand. */
async function deleteHalf(id: string): Promise<Operation> {
  door.world.repository.heldBy = 'restic check';
  const failed = await approve(await ask(id));
  delete door.world.repository.heldBy;
  return failed;
}

describe('asking for a deletion', () => {
  test('records it, shows what would go, and starts nothing', async () => {
    const id = await door.backUp();
    expect(await door.orchestrator.planDelete(id)).toMatchObject({ backupId: id, warnings: [/last completed/] });
    const request = await ask(id);
    expect(request).toMatchObject({ kind: 'delete', status: 'pending', backupId: id, by: alice, votesNeeded: 1 });
    const { message } = door.chat.said.at(-1) ?? {};
    expect(message?.text).toContain(`alice asks to delete ${id}`);
    expect(message?.details).toContainEqual(expect.stringContaining('cannot be undone'));
    expect(door.orchestrator.running()).toEqual([]);
    expect(await statusOf(id)).toBe('completed');
  });

  test('needs the name of the workspace repeated, an operator, and someone else who could approve', async () => {
    const id = await door.backUp();
    for (const confirm of ['', 'team-m', id]) {
      await expect(ask(id, alice, confirm)).rejects.toThrow(code('not-confirmed'));
    }
    door.setPolicy({ operators: ['bob'] });
    await expect(ask(id)).rejects.toThrow(code('not-allowed'));
    door.setPolicy({ approvers: ['alice'] });
    await expect(ask(id)).rejects.toThrow(code('not-allowed'));
    expect(await door.catalog.requests.list()).toEqual([]);
  });
});

describe('a deletion', () => {
  test('runs once another person approved it, and leaves none of its copies and all others', async () => {
    const doomed = await door.backUp();
    const kept = await door.backUp();
    const [gone, left] = [await copiesOf(doomed), await copiesOf(kept)];
    const request = await ask(doomed);
    await expect(decide(alice, request)).rejects.toThrow(code('own-approval'));
    expect(await statusOf(doomed)).toBe('completed');
    const operation = await approve(request);
    expect(operation).toMatchObject({ kind: 'delete', status: 'succeeded', outcome: { backupId: doomed } });
    expect(await statusOf(doomed)).toBe('deleted');
    expect(copies().filter((id) => gone.includes(id))).toEqual([]);
    expect(copies()).toEqual(expect.arrayContaining(left));
    expect(await door.catalog.requests.get(request.id)).toMatchObject({ status: 'used', operationId: operation.id });
    expect(operation.approvedBy).toEqual(['bob']);
    expect(door.chat.said.at(-1)?.message.text).toContain(`backup ${doomed} was deleted`);
    expect((await door.orchestrator.listBackups({})).map(({ id }) => id)).toEqual([kept]);
    expect((await door.orchestrator.listBackups({ limit: 1 })).map(({ id }) => id)).toEqual([kept]);
    await expect(ask(doomed)).rejects.toThrow(code('unknown-backup'));
    await expect(askRestore(doomed)).rejects.toThrow(code('backup-incomplete'));
    const services = [...door.world.services.values()];
    expect(services.every(({ up, ready }) => up && ready)).toBe(true);
  });

  test('waits its turn behind a backup, and starts when that has ended', async () => {
    const id = await door.backUp();
    const request = await ask(id);
    const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    expect((await decide(bob, request)).running).toBeUndefined();
    expect(await statusOf(id)).toBe('completed');
    await door.drive(busy.ended);
    await door.settle(async () => (await statusOf(id)) === 'deleted');
    await door.settle(() => door.orchestrator.running().length === 0);
    expect((await door.catalog.operations.list()).map(({ kind }) => kind)).toContain('delete');
  });

  test('that is denied removes nothing', async () => {
    const id = await door.backUp();
    await decide(bob, await ask(id), false, 'the audit needs it');
    expect(await statusOf(id)).toBe('completed');
    expect(copies()).toEqual(expect.arrayContaining(await copiesOf(id)));
    expect((await audit()).slice(-2)).toEqual(['alice delete asked', 'bob denied']);
  });

  test('uses its approval once, also when it is approved twice at the same moment', async () => {
    const request = await ask(await door.backUp());
    const both = await Promise.allSettled([decide(bob, request), decide(carol, request)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [running] = door.orchestrator.running();
    await door.drive(running?.ended ?? Promise.reject(new Error('not started')));
    await expect(decide(carol, request)).rejects.toThrow(code('not-pending'));
    expect((await door.catalog.operations.list()).filter(({ kind }) => kind === 'delete')).toHaveLength(1);
  });
});

describe('what was asked for and is not decided', () => {
  test('a restore holds its backup from deletion, waiting for a decision or for its turn', async () => {
    const id = await door.backUp();
    const restore = await askRestore(id);
    const held = { code: 'backup-held', message: expect.stringContaining(restore.id) };
    await expect(ask(id, carol)).rejects.toMatchObject(held);
    await expect(door.orchestrator.planDelete(id)).rejects.toMatchObject(held);
    const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    expect((await decide(bob, restore)).request.status).toBe('approved');
    await expect(ask(id, carol)).rejects.toMatchObject(held);
    await door.orchestrator.cancel(alice, restore.id);
    await ask(id, carol);
    await busy.cancel(alice);
    await door.drive(busy.ended);
    expect(await audit()).toContain('alice withdrawn');
  });

  test('a deletion holds its backup from restores and from a second deletion', async () => {
    const id = await door.backUp();
    const deletion = await ask(id);
    const held = { code: 'backup-held', message: expect.stringContaining(deletion.id) };
    await expect(askRestore(id, carol)).rejects.toMatchObject(held);
    await expect(door.orchestrator.planRestore(alice, { backup: id })).rejects.toMatchObject(held);
    await expect(ask(id, carol)).rejects.toMatchObject(held);
    await decide(bob, deletion, false, 'not today');
    await askRestore(id, carol);
  });

  test('holds nothing any more once it expired, also before anyone looked', async () => {
    const id = await door.backUp();
    const restore = await askRestore(id);
    door.world.time.pass(8 * 3_600_000);
    await ask(id);
    expect((await door.catalog.requests.get(restore.id))?.status).toBe('pending');
  });

  test('both asked for at the same moment: neither is carried out until one is taken back', async () => {
    const id = await door.backUp();
    const [restore, deletion] = await Promise.all([askRestore(id), ask(id, carol)]);
    await expect(decide(bob, deletion)).rejects.toThrow(code('backup-held'));
    await expect(decide(bob, restore)).rejects.toThrow(code('backup-held'));
    await door.orchestrator.cancel(carol, deletion.id);
    expect(await approve(restore)).toMatchObject({ kind: 'restore', status: 'succeeded' });
  });
});

describe('a deletion that failed half-way', () => {
  test('leaves a backup that is being deleted: neither restored, verified, pinned nor found by its workspace', async () => {
    const id = await door.backUp();
    const failed = await deleteHalf(id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'repository-held' } });
    const { message } = door.chat.said.at(-1) ?? {};
    expect(message?.details).toContainEqual(expect.stringContaining(`finish it: cml delete ${id}`));
    expect(await door.orchestrator.listBackups({})).toMatchObject([{ id, status: 'deleting' }]);
    expect(copies()).toEqual(expect.arrayContaining(await copiesOf(id)));
    await expect(askRestore(id)).rejects.toThrow(code('backup-incomplete'));
    await expect(door.orchestrator.requestVerify(alice, id)).rejects.toThrow(code('backup-incomplete'));
    await expect(door.orchestrator.setPin(alice, id, { pinned: true })).rejects.toThrow(code('too-late'));
    await expect(askRestore('team-ml')).rejects.toThrow(code('unknown-backup'));
  });

  test('is asked for and approved again, and finished', async () => {
    const id = await door.backUp();
    const first = await deleteHalf(id);
    const again = await approve(await ask(id, carol), alice);
    expect(again.status).toBe('succeeded');
    expect(again.id).not.toBe(first.id);
    expect(await statusOf(id)).toBe('deleted');
    expect(copies()).toEqual([]);
    expect((await audit()).slice(-4)).toEqual([
      'alice delete asked',
      'bob approved',
      'carol delete asked',
      'alice approved',
    ]);
  });
});

describe('a pin', () => {
  const pin = (id: string, pinned = true) =>
    door.orchestrator.setPin(carol, id, { pinned, ...(pinned ? { reason: 'the audit' } : {}) });

  test('forbids a deletion, and no longer once it is taken away', async () => {
    const id = await door.backUp();
    expect(await pin(id)).toMatchObject({ pinned: { by: 'carol', reason: 'the audit' } });
    await expect(ask(id)).rejects.toMatchObject({ code: 'backup-held', hint: expect.stringContaining('cml unpin') });
    expect((await pin(id, false)).pinned).toBeUndefined();
    expect(await approve(await ask(id))).toMatchObject({ status: 'succeeded' });
    expect((await audit()).slice(-4)).toEqual(['carol pinned', 'carol unpinned', 'alice delete asked', 'bob approved']);
  });

  test('set while a deletion waits for its decision or its turn keeps the backup', async () => {
    const id = await door.backUp();
    const request = await ask(id);
    await pin(id);
    await expect(decide(bob, request)).rejects.toThrow(code('backup-held'));
    await pin(id, false);
    const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    expect((await decide(bob, request)).request.status).toBe('approved');
    await pin(id);
    await busy.cancel(alice);
    await door.drive(busy.ended);
    await door.settle(async () => (await door.catalog.requests.get(request.id))?.status !== 'approved');
    expect((await door.catalog.requests.get(request.id))?.status).toBe('expired');
    expect(door.chat.said.at(-1)?.message.text).toContain('pinned by carol');
    expect(await statusOf(id)).toBe('completed');
  });

  test('is for operators, and for a backup that is there', async () => {
    const id = await door.backUp();
    door.setPolicy({ operators: ['alice'] });
    await expect(pin(id)).rejects.toThrow(code('not-allowed'));
    door.setPolicy({});
    await expect(pin('bkp_zzzzzzzzzz')).rejects.toThrow(code('unknown-backup'));
    const gone = makeBackup({ status: 'deleted' });
    await door.catalog.backups.save(gone);
    await expect(pin(gone.id)).rejects.toThrow(code('too-late'));
  });
});
