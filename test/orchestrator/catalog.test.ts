import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import type { FakeCopy } from '../fakes/mover.ts';
import { makeBackup, makeId, makeOperation } from '../fakes/records.ts';
import { alice, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.dispose());

const WORKSPACE = 'team-ml';
const check = () => door.drive(door.orchestrator.checkCatalog(WORKSPACE));
const rebuild = () => door.drive(door.orchestrator.rebuildCatalog(alice, WORKSPACE));
const remove = () => door.drive(door.orchestrator.removeOrphans(alice, WORKSPACE, WORKSPACE));
const copies = () => door.world.repository.copies;
const lose = (id: string) => door.world.catalog.backups.delete(id);
const said = (found: { findings: readonly { about: string; state: string; says: string }[] }, state = 'bad') =>
  found.findings.filter((finding) => finding.state === state).map(({ about, says }) => `${about}: ${says}`);

/** A copy of an operation, as a failure leaves it. */
function leave(tags: string[], changes: Partial<FakeCopy> = {}): string {
  const { repository, time } = door.world;
  repository.made += 1;
  const id = `left${repository.made}`;
  const takenAt = new Date(time.now()).toISOString();
  repository.copies.push({
    id,
    takenAt,
    tags,
    paths: ['/x'],
    files: 0,
    bytes: 0,
    addedBytes: 0,
    entries: [],
    ...changes,
  });
  return id;
}

async function end(change: Partial<Operation>): Promise<Operation> {
  const operation = makeOperation({ status: 'failed', ...change });
  await door.catalog.operations.save(operation);
  await door.catalog.operations.close(operation.id);
  return operation;
}

describe('rebuilding the catalog', () => {
  test('brings back from the manifests what was lost, as it was', async () => {
    const ids = [await door.backUp(), await door.backUp()];
    const before = await Promise.all(ids.map((id) => door.catalog.backups.get(id)));
    ids.forEach(lose);
    const rebuilt = await rebuild();
    expect(rebuilt.added.map(({ id }) => id)).toEqual(ids);
    for (const was of before) {
      const { endedAt, durationMs, addedBytes, ...rest } = { ...was };
      expect(await door.catalog.backups.get(was?.id ?? '')).toMatchObject(rest);
      expect([endedAt, durationMs, addedBytes]).not.toContain(undefined);
    }
    expect(said(rebuilt)).toEqual([]);
    expect(await door.drive(door.orchestrator.planRestore(alice, { backup: ids[0] ?? '' }))).toBeDefined();
  });

  test('leaves alone what the catalog knows, and says what differs', async () => {
    const [known, lost] = [await door.backUp(), await door.backUp()];
    await door.orchestrator.setPin(alice, known, { pinned: true, reason: 'keep' });
    await door.catalog.backups.change(known, (now) => ({ ...now, manifestCopyId: 'another' }));
    const before = await door.catalog.backups.get(known);
    lose(lost);
    const rebuilt = await rebuild();
    expect(rebuilt.added.map(({ id }) => id)).toEqual([lost]);
    expect(await door.catalog.backups.get(known)).toEqual(before);
    expect(said(rebuilt, 'warning')).toEqual([
      expect.stringContaining(`${known}: the catalog names the manifest another`),
    ]);
  });

  test('never calls completed what lost a copy', async () => {
    const id = await door.backUp();
    const [part] = (await door.catalog.backups.get(id))?.parts ?? [];
    lose(id);
    door.world.repository.copies = copies().filter((copy) => copy.id !== part?.copyId);
    const rebuilt = await rebuild();
    expect(rebuilt.added).toMatchObject([{ id, status: 'incomplete' }]);
    expect(said(rebuilt)).toEqual([expect.stringContaining(`Copy ${part?.copyId} of "db" is not in the repository`)]);
  });

  test('never calls completed what lost its definition', async () => {
    const id = await door.backUp();
    const stored = copies().find(({ tags }) => tags.includes('manifest'));
    stored?.entries.splice(0, 2, ...stored.entries.filter(([path]) => !path.endsWith('definition.json')));
    lose(id);
    expect((await rebuild()).added).toMatchObject([{ id, status: 'incomplete' }]);
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ['is torn', (text) => text.slice(0, 40), /can read/],
    ['is of another workspace', (text) => text.replaceAll('"team-ml"', '"other"'), /backup of other/],
    ['is of another backup', (text) => text.replace(/bkp_\w+/, 'bkp_0000000000'), /the one of bkp_0000000000/],
  ])('names a manifest that %s, and adds the others', async (_, spoil, why) => {
    const [bad, good] = [await door.backUp(), await door.backUp()];
    const stored = copies().find(({ tags }) => tags.includes('manifest') && tags.includes(bad));
    for (const entry of stored?.entries ?? []) if (entry[0].endsWith('manifest.json')) entry[1] = spoil(entry[1]);
    for (const id of [bad, good]) lose(id);
    const rebuilt = await rebuild();
    expect(rebuilt.added.map(({ id }) => id)).toEqual([good]);
    expect(said(rebuilt)).toEqual([expect.stringMatching(why)]);
  });

  test('adds nothing that a failed operation left, whatever its manifest says', async () => {
    const id = await door.backUp();
    lose(id);
    const operation = await door.catalog.operations.get(id.replace('bkp_', 'op_'));
    const journal = operation?.journal.filter((event) => !('step' in event) || event.step !== 'record') ?? [];
    await door.catalog.operations.save({ ...(operation ?? makeOperation()), status: 'failed', journal });
    expect((await rebuild()).added).toEqual([]);
    expect(said(await check())).toEqual([expect.stringMatching(/orphans: 2 copies .* failed and could not drop them/)]);
  });

  test('holds retention off until a person confirms, which is shown and audited', async () => {
    lose(await door.backUp());
    await rebuild();
    expect((await door.catalog.marks.get(WORKSPACE)).retentionOff).toBeDefined();
    expect(said(await check(), 'warning')).toEqual([expect.stringContaining('cml catalog confirm team-ml')]);
    const subject = await door.orchestrator.lookAt(WORKSPACE);
    expect(subject).toMatchObject({ states: [{ retentionOff: { because: expect.any(String) } }] });
    expect(await door.orchestrator.confirmCatalog(alice, WORKSPACE)).toBe(true);
    expect(await door.orchestrator.confirmCatalog(alice, WORKSPACE)).toBe(false);
    expect((await door.catalog.marks.get(WORKSPACE)).retentionOff).toBeUndefined();
    const did = (await door.catalog.audit.list(9)).map((entry) => entry.did);
    expect(did.slice(0, 2)).toEqual(['confirmed the catalog', 'rebuilt the catalog']);
  });

  test('does not hold retention off when nothing was missing', async () => {
    await door.backUp();
    expect((await rebuild()).added).toEqual([]);
    expect((await door.catalog.marks.get(WORKSPACE)).retentionOff).toBeUndefined();
  });

  test('is for operators alone, and not while something runs', async () => {
    door.setPolicy({ operators: ['bob'] });
    await expect(door.orchestrator.rebuildCatalog(alice, WORKSPACE)).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(door.orchestrator.confirmCatalog(alice, WORKSPACE)).rejects.toMatchObject({ code: 'not-allowed' });
    door.setPolicy({});
    await door.orchestrator.requestBackup(alice, { workspace: WORKSPACE });
    await expect(door.orchestrator.rebuildCatalog(alice, WORKSPACE)).rejects.toMatchObject({ code: 'workspace-busy' });
    await expect(remove()).rejects.toMatchObject({ code: 'workspace-busy' });
  });
});

describe('checking the catalog', () => {
  const OLD = '2026-01-01T00:00:00.000Z';

  test('finds nothing wrong where nothing is', async () => {
    await door.backUp();
    expect(await check()).toEqual({ workspace: WORKSPACE, strays: [], findings: [], orphans: [], removed: false });
  });

  test('finds what a failed operation, a pre-copy and a deleted backup left, and removes that alone', async () => {
    const [kept, gone] = [await door.backUp(), await door.backUp()];
    const needed = copies().filter(({ tags }) => tags.includes(kept.replace('bkp_', 'op_')));
    await door.catalog.backups.change(gone, (now) => ({ ...now, status: 'deleted' }));
    const failed = await end({});
    leave([failed.id]);
    leave([kept.replace('bkp_', 'op_'), 'pre-copy']);
    leave([makeId('op')], { takenAt: OLD });
    const before = copies().length;
    const found = await check();
    expect(said(found)).toHaveLength(4);
    expect(found.orphans).toHaveLength(before - needed.length);
    expect(copies()).toHaveLength(before);
    expect((await remove()).removed).toBe(true);
    expect(copies()).toEqual(needed);
    expect(await check()).toMatchObject({ findings: [], orphans: [] });
    expect((await door.catalog.audit.list(1))[0]?.did).toBe('asked to remove copies');
  });

  test('never removes what an open operation, a lost record or somebody else may need', async () => {
    const lost = await door.backUp();
    lose(lost);
    const open = makeOperation();
    await door.catalog.operations.save(open);
    leave([open.id]);
    leave([open.id, open.id.replace('op_', 'bkp_'), 'manifest']);
    leave(['by hand'], { takenAt: OLD });
    leave([makeId('op')]);
    const before = copies().length;
    const found = await remove();
    expect(copies()).toHaveLength(before);
    expect(found.orphans).toEqual([]);
    expect(said(found)).toEqual([expect.stringContaining('cml catalog rebuild')]);
    expect(said(found, 'warning')).toHaveLength(2);
  });

  test('never removes a copy that any other backup names', async () => {
    const failed = await end({});
    const copyId = leave([failed.id]);
    const part = makeBackup().parts[0];
    await door.catalog.backups.save(makeBackup({ parts: part ? [{ ...part, copyId }] : [] }));
    expect((await check()).orphans).toEqual([]);
  });

  test('finds a backup whose copies are gone, and one that is left half deleted', async () => {
    const [lost, half] = [await door.backUp(), await door.backUp()];
    const [part] = (await door.catalog.backups.get(lost))?.parts ?? [];
    door.world.repository.copies = copies().filter(({ id }) => id !== part?.copyId);
    await door.catalog.backups.change(half, (now) => ({ ...now, status: 'deleting' }));
    expect(said(await check())).toEqual([
      expect.stringContaining(`${lost}: 1 copy of this completed backup`),
      expect.stringContaining(`cml delete ${half}`),
    ]);
  });

  test('asks for the name of the workspace before anything is removed', async () => {
    leave([(await end({})).id]);
    for (const confirm of [undefined, 'other']) {
      const removing = door.orchestrator.removeOrphans(alice, WORKSPACE, confirm);
      await expect(removing).rejects.toMatchObject({ code: 'not-confirmed' });
    }
    expect(copies()).toHaveLength(1);
  });
});

describe('copies of operations that ended while the repository was away', () => {
  const sweep = () => door.drive(door.orchestrator.sweep());

  /** A backup that is cancelled during its countdown, while the repository is held by somebody. */
  async function failWhileAway(): Promise<void> {
    const running = await door.orchestrator.requestBackup(alice, { workspace: WORKSPACE });
    await door.settle(() => running.operation().journal.some((event) => 'step' in event && event.step === 'countdown'));
    door.world.repository.heldBy = 'somebody';
    await running.cancel(alice, 'no');
    await door.drive(running.ended);
    await door.settle(async () => (await door.catalog.marks.get(WORKSPACE)).leftCopies.length > 0);
  }

  test('are dropped once it answers again, and those of backups stay', async () => {
    const kept = await door.backUp();
    const before = copies().length;
    await failWhileAway();
    expect(copies().length).toBeGreaterThan(before);
    await sweep();
    expect((await door.catalog.marks.get(WORKSPACE)).leftCopies).toHaveLength(1);
    delete door.world.repository.heldBy;
    door.world.time.pass(600_001);
    await sweep();
    expect(copies().map(({ tags }) => tags[0])).not.toContain(undefined);
    expect(copies()).toHaveLength(before);
    expect((await door.catalog.marks.get(WORKSPACE)).leftCopies).toEqual([]);
    expect((await check()).findings).toEqual([]);
    expect((await door.catalog.backups.get(kept))?.status).toBe('completed');
  });

  test('stay when their backup may only have lost its record', async () => {
    const id = await door.backUp();
    lose(id);
    await door.catalog.marks.change(WORKSPACE, (now) => ({ ...now, leftCopies: [id.replace('bkp_', 'op_')] }));
    const before = copies().length;
    await sweep();
    expect(copies()).toHaveLength(before);
  });
});
