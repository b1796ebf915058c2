import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { makeSnapshots } from '../../../src/workspace/kubernetes/make-snapshots.ts';
import { claimNameOf, LABELS } from '../../../src/workspace/kubernetes/names.ts';
import { readSnapshots } from '../../../src/workspace/kubernetes/snapshot-record.ts';
import { CUT, type CutScene, createCutScene, lives, mortal, PARTS, planOf } from './cut-scene.ts';
import { DRIVER, SPACE } from './live-scene.ts';

let scene: CutScene;
beforeEach(async () => {
  scene = await createCutScene();
});
afterEach(() => scene.dispose());

const uids = () => scene.snapshots().map(({ metadata }) => metadata.uid);
const held = () =>
  scene.store
    .list(kinds.CLAIM, SPACE)
    .filter(({ metadata }) => metadata.finalizers?.some((one) => one.includes('snapshot')))
    .map(({ metadata }) => metadata.name);

describe('the cut', () => {
  it('takes every part planned as a snapshot at once, and no other', async () => {
    const quiet = await scene.quiet('one');
    const plan = planOf(PARTS.slice(0, 2), [{ name: 'projects-pvc', capture: 'two-pass' }]);
    const taken = await makeSnapshots(scene.context, CUT, plan, quiet);
    expect(taken.map(({ part, path }) => [part, path])).toEqual([
      ['data-db-0', '/mnt/cml/snapshot/data-db-0'],
      ['log-livelog-0', '/mnt/cml/snapshot/log-livelog-0'],
    ]);
    expect(scene.snapshots()).toHaveLength(2);
    expect(scene.snapshotOf('data-db-0')).toMatchObject({
      metadata: { labels: { [LABELS.operation]: CUT, [LABELS.part]: 'data-db-0' } },
      spec: { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data-db-0' } },
    });
  });

  it('writes all names down before it asks for the first', async () => {
    const quiet = await scene.quiet('one');
    const noted: unknown[] = [];
    scene.faults.beforeWrite(async ({ verb, served }) => {
      if (verb === 'create' && served.kind.kind === 'VolumeSnapshot')
        noted.push((await readSnapshots(scene.context, CUT))?.snapshots.map(({ part }) => part));
    });
    await scene.cut(quiet);
    expect(noted).toEqual([PARTS, PARTS, PARTS]);
  });

  it('is at creationTime: it waits for no snapshot to become usable', async () => {
    scene.storage.driver(DRIVER).readyMs = Number.POSITIVE_INFINITY;
    const [first] = await scene.cut(await scene.quiet('one'));
    expect(scene.snapshotOf('data-db-0')?.status).toMatchObject({ readyToUse: false });
    expect(Number.isNaN(Date.parse(first?.takenAt ?? ''))).toBe(false);
  });

  it('is only at readyToUse for a driver of which that is said', async () => {
    scene.storage.driver(DRIVER).readyMs = 60;
    await scene.cut(await scene.quiet('one'), { cutAt: { [DRIVER]: 'readyToUse' } });
    expect(scene.snapshots().map(({ status }) => status?.readyToUse)).toEqual([true, true, true]);
  });

  it('is never told to be earlier than it was asked for, though drivers cut their times to seconds', async () => {
    const quiet = await scene.quiet('one');
    const before = new Date().toISOString();
    for (const { takenAt } of await scene.cut(quiet)) expect(takenAt >= before).toBe(true);
  });

  it('does not believe a content that belongs to another snapshot', async () => {
    scene.storage.driver(DRIVER).readyMs = 20;
    const stop = scene.store.listen(({ kind, object }) => {
      if (kind.kind !== 'VolumeSnapshotContent' || object.spec.volumeSnapshotRef.uid === 'another') return;
      scene.edit(
        kind,
        object.metadata.name,
        ({ spec }) => (spec.volumeSnapshotRef.uid = 'another'),
        undefined as never,
      );
    });
    await expect(scene.cut(await scene.quiet('one'))).rejects.toThrow(/belongs to another snapshot/);
    stop();
  });

  it('does not believe a snapshot whose content is not there', async () => {
    const { cluster } = scene.context;
    const read: typeof cluster.read = async (kind, ...rest) =>
      kind.kind === 'VolumeSnapshotContent' ? undefined : cluster.read(kind, ...rest);
    const context = { ...scene.with({ snapshotWithin: 400 }), cluster: { ...cluster, read } };
    const cutting = makeSnapshots(context, CUT, planOf(PARTS), await scene.quiet('one'));
    await expect(cutting).rejects.toThrow(/not taken within/);
  });

  it('is refused outside of its quiet time', async () => {
    const quiet = await scene.quiet('one');
    await scene.quiet('two');
    await expect(scene.cut(quiet)).rejects.toMatchObject({ code: 'not-quiet' });
    expect(scene.snapshots()).toEqual([]);
  });

  it('is refused when a part of the plan is gone, before anything is made', async () => {
    const cutting = scene.cut(await scene.quiet('one'), {}, [...PARTS, 'gone']);
    await expect(cutting).rejects.toMatchObject({ code: 'plan-changed' });
    expect(scene.snapshots()).toEqual([]);
  });
});

describe('a snapshot that fails', () => {
  it('fails at once when it can never succeed, and leaves nothing that holds a claim', async () => {
    scene.storage.snapshotFault = ({ snapshot }) =>
      snapshot.name.includes('livelog') ? { error: 'snapshots are not supported by this volume' } : undefined;
    const cutting = scene.cut(await scene.quiet('one'), { snapshotWithin: 60_000 });
    await expect(cutting).rejects.toThrow(/No snapshot of log-livelog-0 was taken: .*not supported/);
    await scene.until('no snapshot is left and no claim is held', () => uids().length === 0 && held().length === 0);
  });

  it('is tried again by its driver while that may help', async () => {
    let times = 0;
    scene.storage.snapshotFault = ({ snapshot }) => {
      if (!snapshot.name.includes('livelog')) return undefined;
      times += 1;
      return times < 3 ? { error: 'the engine is busy' } : undefined;
    };
    expect(await scene.cut(await scene.quiet('one'))).toHaveLength(3);
    expect(times).toBe(3);
  });

  it('is given up after the time that is set, with every different thing that was said, and removed', async () => {
    let times = 0;
    scene.storage.snapshotFault = ({ snapshot }) => {
      if (!snapshot.name.includes('livelog')) return undefined;
      times += 1;
      return { error: times < 2 ? 'the engine is busy' : 'the engine is broken' };
    };
    const cutting = scene.cut(await scene.quiet('one'), { snapshotWithin: 2_000 });
    await expect(cutting).rejects.toThrow(/of log-livelog-0 was taken: .*busy.*; .*broken/s);
    await scene.until('none is left', () => uids().length === 0 && held().length === 0);
  });

  it('does not keep services down when its driver never lets go of it', async () => {
    scene.storage.driver(DRIVER).snapshotMs = Number.POSITIVE_INFINITY;
    const startedAt = performance.now();
    const cutting = scene.cut(await scene.quiet('one'), { snapshotWithin: 300 });
    await expect(cutting).rejects.toThrow(/it was not taken within/);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(scene.snapshots().every(({ metadata }) => metadata.deletionTimestamp)).toBe(true);
  });

  it('is left to the release when the cut is called off: services must not wait for its removal', async () => {
    scene.storage.driver(DRIVER).snapshotMs = Number.POSITIVE_INFINITY;
    const over = new AbortController();
    const quiet = await scene.quiet('one');
    const cutting = makeSnapshots(scene.context, CUT, planOf(PARTS), quiet, { signal: over.signal });
    const failing = expect(cutting).rejects.toThrow('called off');
    await scene.until('all are asked for', () => uids().length === 3);
    over.abort(new Error('called off'));
    await failing;
    expect(scene.requests.filter(({ verb }) => verb === 'delete')).toEqual([]);
    expect(await readSnapshots(scene.context, CUT)).toBeDefined();
  });

  it('says its own reason when it cannot be removed either', async () => {
    scene.storage.snapshotFault = () => ({ error: 'not supported' });
    scene.access.deny({ verb: 'delete', resource: 'volumesnapshots' });
    await expect(scene.cut(await scene.quiet('one'))).rejects.toMatchObject({ code: 'part-missing' });
    expect(scene.warnings.join()).toContain('still there');
  });

  it('is seen when somebody removes it before it is taken', async () => {
    scene.storage.driver(DRIVER).snapshotMs = 5_000;
    const cutting = scene.cut(await scene.quiet('one'));
    const failing = expect(cutting).rejects.toThrow(/data-db-0 was taken: somebody removed it/);
    await scene.until('all are asked for', () => uids().length === 3);
    scene.store.remove(kinds.SNAPSHOT, claimNameOf('snapshot', CUT, 'data-db-0'), SPACE);
    await failing;
  });

  it('is not believed while it is on its way out', async () => {
    const name = claimNameOf('snapshot', CUT, 'data-db-0');
    const stop = scene.store.listen(({ type, kind, object }) => {
      if (type !== 'ADDED' || kind.kind !== 'VolumeSnapshot' || object.metadata.name !== name) return;
      scene.edit(kinds.SNAPSHOT, name, ({ metadata }) => (metadata.finalizers = ['somebody/holds-it']));
      scene.store.remove(kinds.SNAPSHOT, name, SPACE);
    });
    await expect(scene.cut(await scene.quiet('one'))).rejects.toThrow(/data-db-0 was taken: somebody removed it/);
    stop();
  });
});

describe('asked again', () => {
  it('answers the same snapshots in the same quiet time', async () => {
    const quiet = await scene.quiet('one');
    const first = await scene.cut(quiet);
    const before = uids();
    expect(await scene.cut(quiet)).toEqual(first);
    expect(uids()).toEqual(before);
  });

  it('makes them anew in another quiet time: services wrote in between', async () => {
    await scene.cut(await scene.quiet('one'));
    const before = uids();
    await scene.cut(await scene.quiet('two'));
    expect(uids()).toHaveLength(3);
    expect(uids().filter((uid) => before.includes(uid))).toEqual([]);
  });

  it('leaves exactly the right snapshots wherever it died before', async () => {
    const first = await scene.quiet('zero');
    await scene.cut(first);
    for (let writes = 1, isDone = false; !isDone; writes += 1) {
      const quiet = await scene.quiet(`time-${writes}`);
      const before = uids();
      const life = makeSnapshots(mortal(scene.context, writes), CUT, planOf(PARTS), quiet);
      isDone = await lives(life);
      const taken = await makeSnapshots(scene.with({}), CUT, planOf(PARTS), quiet);
      expect({ writes, parts: taken.map(({ part }) => part) }).toEqual({ writes, parts: PARTS });
      expect(uids()).toHaveLength(3);
      expect(uids().filter((uid) => before.includes(uid))).toEqual([]);
      expect(writes).toBeLessThan(30);
    }
  });

  it('adopts what was made when the answer was lost', async () => {
    scene.faults.add({ verb: 'create', kind: 'VolumeSnapshot' }, { kind: 'lose-answer' }, 3);
    expect(await scene.cut(await scene.quiet('one'))).toHaveLength(3);
    expect(scene.snapshots()).toHaveLength(3);
  });
});
