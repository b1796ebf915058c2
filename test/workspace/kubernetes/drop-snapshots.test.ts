import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dropSnapshots } from '../../../src/workspace/kubernetes/drop-snapshots.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { writeLedger } from '../../../src/workspace/kubernetes/ledger.ts';
import { claimNameOf } from '../../../src/workspace/kubernetes/names.ts';
import { openReader } from '../../../src/workspace/kubernetes/readers.ts';
import { releaseOperation } from '../../../src/workspace/kubernetes/release-operation.ts';
import { readSnapshots } from '../../../src/workspace/kubernetes/snapshot-record.ts';
import { CUT, type CutScene, createCutScene, lives, mortal, PARTS } from './cut-scene.ts';
import { SPACE } from './live-scene.ts';

let scene: CutScene;
beforeEach(async () => {
  scene = await createCutScene();
});
afterEach(() => scene.dispose());

const readerName = (part: string) => claimNameOf('snapshot', CUT, part);
const readers = () => PARTS.filter((part) => scene.store.get(kinds.CLAIM, readerName(part), SPACE));
const left = () => ({
  snapshots: scene.snapshots().length,
  contents: scene.store.list(kinds.SNAPSHOT_CONTENT).length,
  readers: readers(),
  taken: scene.storage.snapshots.size,
});
const nothing = { snapshots: 0, contents: 0, readers: [], taken: 0 };

async function cutAndOpen(): Promise<void> {
  await scene.cut(await scene.quiet('one'));
  for (const part of PARTS) await openReader(scene.context, CUT, part);
  await scene.until('readers are bound', () =>
    PARTS.every((part) => scene.get(kinds.CLAIM, readerName(part)).status?.phase === 'Bound'),
  );
}

describe('dropping snapshots', () => {
  it('takes readers, snapshots, contents and their bytes, though the contents were set to be kept', async () => {
    await cutAndOpen();
    expect(PARTS.map((part) => scene.contentOf(part).spec.deletionPolicy)).toEqual(['Retain', 'Retain', 'Retain']);
    const folders = [...scene.storage.snapshots.keys()].map((handle) => scene.storage.snapshotFolder(handle));
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true, true]);
    await dropSnapshots(scene.context, CUT);
    await scene.until('nothing is left', () => JSON.stringify(left()) === JSON.stringify(nothing));
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, false]);
    expect(await readSnapshots(scene.context, CUT)).toBeUndefined();
  });

  it('leaves the workspace its claims, and other operations their snapshots', async () => {
    await cutAndOpen();
    const spec = { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data-db-0' } };
    scene.put(kinds.SNAPSHOT, 'of-somebody', { spec });
    await dropSnapshots(scene.context, CUT);
    expect(scene.snapshots().map(({ metadata }) => metadata.name)).toEqual(['of-somebody']);
    for (const part of PARTS) expect(scene.get(kinds.CLAIM, part).metadata.deletionTimestamp).toBeUndefined();
  });

  it('does nothing when there is nothing, and where the cluster knows no snapshots', async () => {
    await dropSnapshots(scene.context, CUT);
    for (const kind of [kinds.SNAPSHOT, kinds.SNAPSHOT_CONTENT, kinds.SNAPSHOT_CLASS]) scene.withdraw(kind);
    await dropSnapshots(scene.with({}), CUT);
  });

  it('goes on with the others when one cannot be removed, says so soon, and can be asked again', async () => {
    await cutAndOpen();
    const name = readerName('log-livelog-0');
    const refused = { kind: 'answer', status: 403 } as const;
    const reader = scene.faults.add({ verb: 'delete', kind: 'PersistentVolumeClaim', name }, refused, 100);
    const snapshot = scene.faults.add({ verb: 'delete', kind: 'VolumeSnapshot', name }, refused, 100);
    await expect(dropSnapshots(scene.context, CUT)).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(readers()).toEqual(['log-livelog-0']);
    expect(scene.snapshots().map((one) => one.metadata.name)).toEqual([name]);
    expect(await readSnapshots(scene.context, CUT)).toBeDefined();
    for (const fault of [reader, snapshot]) fault.end();
    await dropSnapshots(scene.context, CUT);
    expect(left()).toMatchObject({ snapshots: 0, readers: [] });
  });

  it('does not remove a snapshot whose bytes would stay behind', async () => {
    await cutAndOpen();
    const name = scene.contentOf('data-db-0').metadata.name;
    const refused = { kind: 'answer', status: 403 } as const;
    scene.faults.add({ verb: 'patch', kind: 'VolumeSnapshotContent', name }, refused, 100);
    await expect(dropSnapshots(scene.context, CUT)).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(scene.snapshots().map((one) => one.metadata.name)).toEqual([readerName('data-db-0')]);
  });

  it('leaves alone what somebody made under the name of one meanwhile', async () => {
    await scene.cut(await scene.quiet('one'), {}, ['data-db-0']);
    const name = readerName('data-db-0');
    const spec = { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data-db-0' } };
    const stop = scene.faults.beforeWrite(async ({ served }) => {
      if (served.kind.kind !== 'VolumeSnapshotContent') return;
      stop();
      scene.store.remove(kinds.SNAPSHOT, name, SPACE);
      await scene.until('it is gone', () => scene.snapshots().length === 0);
      scene.put(kinds.SNAPSHOT, name, { spec });
    });
    await expect(dropSnapshots(scene.context, CUT)).rejects.toMatchObject({ reason: 'Conflict' });
    await dropSnapshots(scene.context, CUT);
    expect(scene.snapshots().map(({ metadata }) => [metadata.name, metadata.deletionTimestamp])).toEqual([
      [name, undefined],
    ]);
  });

  it('leaves nothing wherever it died before', async () => {
    for (let writes = 1, isDone = false; !isDone; writes += 1) {
      await cutAndOpen();
      isDone = await lives(dropSnapshots(mortal(scene.context, writes), CUT));
      await dropSnapshots(scene.context, CUT);
      await scene.until(`nothing is left after ${writes}`, () => JSON.stringify(left()) === JSON.stringify(nothing));
      expect(writes).toBeLessThan(20);
    }
  });
});

describe('releasing an operation', () => {
  it('removes its snapshots and forgets it', async () => {
    await cutAndOpen();
    await releaseOperation(scene.context, CUT);
    expect(left()).toMatchObject({ snapshots: 0, readers: [] });
    const ours = scene.store.list(kinds.CONFIG_MAP, SPACE).filter(({ data }) => data?.snapshots ?? data?.quiet);
    expect(ours).toEqual([]);
  });

  it('keeps what a later life needs', async () => {
    await writeLedger(scene.context, { operationId: CUT, notedAt: new Date().toISOString(), entries: [] });
    await cutAndOpen();
    await releaseOperation(scene.context, CUT);
    expect(scene.store.list(kinds.CONFIG_MAP, SPACE).filter(({ data }) => data?.note)).toHaveLength(1);
  });

  it('goes on with the rest when something cannot be removed, and fails in the end', async () => {
    await cutAndOpen();
    scene.faults.add({ verb: 'list', kind: 'Job' }, { kind: 'answer', status: 403 }, 100);
    await expect(releaseOperation(scene.context, CUT)).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(left()).toMatchObject({ snapshots: 0, readers: [] });
  });
});
