import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PortError } from '../../../src/errors.ts';
import {
  displacedPath,
  dropDisplaced,
  keepDisplaced,
  listDisplaced,
} from '../../../src/workspace/kubernetes/displaced.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { releaseStage } from '../../../src/workspace/kubernetes/stage.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { commitSwap, isSwapReverted, isSwapServed, revertSwap } from '../../../src/workspace/kubernetes/swap.ts';
import { assertKnownData } from '../../../src/workspace/kubernetes/swap-state.ts';
import { stageDisplaced } from '../../../src/workspace/kubernetes/undo.ts';
import { SPACE } from './live-scene.ts';
import { createSwapScene, FIRST, PARTS, SECOND, type SwapScene } from './swap-scene.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';

let scene: SwapScene;
beforeEach(async () => {
  scene = await createSwapScene();
});
afterEach(() => scene.dispose());

const old = PARTS.map(() => 'old');
const fresh = PARTS.map(() => 'new');

async function swapIn(operationId = FIRST, text = 'new') {
  const { context } = scene;
  const staged = await scene.stageAll(context, operationId, text);
  const { note, quiet } = await scene.down(context, operationId);
  await commitSwap(context, operationId, staged, quiet);
  return { note, quiet, staged };
}

async function restore(operationId = FIRST, text = 'new') {
  const { note } = await swapIn(operationId, text);
  await startServices(scene.context, note, {});
  const places = await keepDisplaced(scene.context, operationId, FAR_AWAY);
  await releaseStage(scene.context, operationId);
  return places;
}

describe('a swap', () => {
  test('moves the names of claims to other volumes, keeps the old ones whole, and services start on them', async () => {
    const before = scene.get(kinds.CLAIM, 'data-db-0');
    const displaced = PARTS.map((part) => scene.directory(part));
    const { note, quiet, staged } = await swapIn();
    await commitSwap(scene.context, FIRST, staged, quiet);
    expect(scene.contents()).toEqual(fresh);
    const after = scene.get(kinds.CLAIM, 'data-db-0');
    expect(after.metadata.labels).toEqual(before.metadata.labels);
    expect(after.spec).toEqual({ ...before.spec, volumeName: after.spec.volumeName });
    for (const directory of displaced) expect(existsSync(directory)).toBe(true);
    expect(await isSwapReverted(scene.context, FIRST)).toBe(false);
    expect(await isSwapServed(scene.context, FIRST)).toBe(false);
    await startServices(scene.context, note, {});
    expect(await isSwapServed(scene.context, FIRST)).toBe(true);
    await keepDisplaced(scene.context, FIRST, FAR_AWAY);
    await releaseStage(scene.context, FIRST);
    expect(await isSwapServed(scene.context, FIRST)).toBe(true);
    expect(scene.volumes()).toHaveLength(6);
    expect(scene.contents()).toEqual(fresh);
    const live = scene.get(kinds.VOLUME, after.spec.volumeName);
    expect(live.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(live.metadata.annotations?.[NOTES.swap]).toBeUndefined();
  });

  test('is put back by another life, and nothing of it is left after its release', async () => {
    const { note } = await swapIn();
    const volumes = scene.volumes();
    const again = scene.with({});
    await revertSwap(again, FIRST);
    await revertSwap(scene.context, FIRST);
    expect(scene.contents()).toEqual(old);
    expect(await isSwapReverted(scene.context, FIRST)).toBe(true);
    await startServices(scene.context, note, {});
    expect(await isSwapServed(scene.context, FIRST)).toBe(false);
    await releaseStage(scene.context, FIRST);
    await releaseStage(scene.context, FIRST);
    expect(volumes).toHaveLength(6);
    expect(scene.volumes()).toHaveLength(3);
    for (const { metadata, spec } of scene.store.list(kinds.VOLUME)) {
      expect(spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('cml-'))).toEqual([]);
    }
    expect(await keepDisplaced(scene.context, FIRST, FAR_AWAY)).toEqual([]);
    expect(scene.contents()).toEqual(old);
  });

  test('is refused when the quiet time is over, and while a snapshot would hold a claim', async () => {
    const { context } = scene;
    const staged = await scene.stageAll(context, FIRST, 'new');
    const { note, quiet } = await scene.down(context, FIRST);
    scene.put(kinds.SNAPSHOT, 'slow', {
      spec: { source: { persistentVolumeClaimName: 'data-db-0' }, volumeSnapshotClassName: 'none' },
    });
    await expect(commitSwap(context, FIRST, staged, quiet)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(scene.contents()).toEqual(old);
    scene.store.remove(kinds.SNAPSHOT, 'slow', SPACE);
    await startServices(context, note, {});
    await expect(commitSwap(context, FIRST, staged, quiet)).rejects.toMatchObject({ code: 'not-quiet' });
    expect(scene.contents()).toEqual(old);
    expect(await isSwapReverted(context, FIRST)).toBe(true);
  });

  test('lets nothing start while a claim is missing or bound to a volume that nobody recorded', async () => {
    const { note } = await swapIn();
    const { context } = scene;
    scene.store.remove(kinds.CLAIM, 'data-db-0', SPACE);
    await scene.until('it is gone', () => scene.store.get(kinds.CLAIM, 'data-db-0', SPACE) === undefined);
    await expect(assertKnownData(context)).rejects.toMatchObject({ code: 'unknown-data' });
    await expect(startServices(context, note, {})).rejects.toMatchObject({ code: 'unknown-data' });
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'longhorn' };
    scene.put(kinds.CLAIM, 'data-db-0', {
      spec: { ...spec, resources: { requests: { storage: '1Mi' } }, selector: { matchLabels: { a: 'b' } } },
    });
    await scene.until('bound', () => scene.get(kinds.CLAIM, 'data-db-0').status?.phase === 'Bound');
    const volume = scene.get(kinds.CLAIM, 'data-db-0').spec.volumeName;
    await expect(assertKnownData(context)).rejects.toMatchObject({ code: 'unknown-data' });
    await expect(revertSwap(context, FIRST)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(scene.get(kinds.VOLUME, volume)).toBeDefined();
  });
});

describe('a swap that stopped half-way', () => {
  test('lets nothing start: one part is new, the others are old, though each volume is a known one', async () => {
    const { context } = scene;
    const staged = await scene.stageAll(context, FIRST, 'new');
    const { note, quiet } = await scene.down(context, FIRST);
    const { remove } = context.cluster;
    const refusing: typeof remove = async (kind, name, ...rest) => {
      if (PARTS.slice(1).includes(name)) throw new PortError('platform-unavailable', 'not now');
      return remove(kind, name, ...rest);
    };
    const half = { ...context, cluster: { ...context.cluster, remove: refusing } };
    await expect(commitSwap(half, FIRST, staged, quiet)).rejects.toThrow('not now');
    expect(scene.contents()).toEqual(['new', 'old', 'old']);
    await expect(startServices(context, note, {})).rejects.toMatchObject({ code: 'unknown-data' });
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
    await revertSwap(context, FIRST);
    await startServices(context, note, {});
    expect(scene.contents()).toEqual(old);
  });
});

describe('what was displaced', () => {
  test('is listed, brought back by an undo, and then is no more its operation’s', async () => {
    const places = await restore();
    expect(places).toEqual(PARTS.map((part) => displacedPath(FIRST, part)));
    expect(await listDisplaced(scene.context)).toMatchObject([{ operationId: FIRST, until: FAR_AWAY }]);
    const staged = await stageDisplaced(scene.context, SECOND, FIRST);
    const { note, quiet } = await scene.down(scene.context, SECOND);
    await commitSwap(scene.context, SECOND, staged, quiet);
    expect(scene.contents()).toEqual(old);
    expect(await dropDisplaced(scene.context, LATER, [])).toEqual([]);
    await startServices(scene.context, note, {});
    const displaced = await keepDisplaced(scene.context, SECOND, FAR_AWAY);
    await releaseStage(scene.context, SECOND);
    expect((await listDisplaced(scene.context)).map(({ operationId }) => operationId)).toEqual([SECOND]);
    await expect(revertSwap(scene.context, SECOND)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(await dropDisplaced(scene.context, LATER, [SECOND])).toEqual([]);
    expect(await dropDisplaced(scene.context, LATER, [])).toEqual(displaced);
    expect(scene.volumes()).toHaveLength(3);
    expect(scene.contents()).toEqual(old);
  });

  test('stays with its operation when an undo is put back', async () => {
    await restore();
    const { note, quiet } = await scene.down(scene.context, SECOND);
    await commitSwap(scene.context, SECOND, await stageDisplaced(scene.context, SECOND, FIRST), quiet);
    await revertSwap(scene.context, SECOND);
    await startServices(scene.context, note, {});
    await releaseStage(scene.context, SECOND);
    expect(scene.contents()).toEqual(fresh);
    expect(await stageDisplaced(scene.context, SECOND, FIRST)).toHaveLength(3);
    await dropDisplaced(scene.context, LATER, []);
    await expect(stageDisplaced(scene.context, SECOND, FIRST)).rejects.toMatchObject({ code: 'part-missing' });
  });

  test('is put back after all by the operation that displaced it', async () => {
    await restore();
    const { note } = await scene.down(scene.context, FIRST);
    await revertSwap(scene.context, FIRST);
    expect(scene.contents()).toEqual(old);
    expect(await listDisplaced(scene.context)).toEqual([]);
    await startServices(scene.context, note, {});
    await releaseStage(scene.context, FIRST);
    expect(scene.volumes()).toHaveLength(3);
  });
});

test('a removal that an overtaken life sent before data was put back takes no claim any more', async () => {
  const { context } = scene;
  const staged = await scene.stageAll(context, FIRST, 'new');
  const { quiet } = await scene.down(context, FIRST);
  const removals: (() => Promise<unknown>)[] = [];
  let hasSent = () => {};
  const sent = new Promise<void>((resolve) => {
    hasSent = resolve;
  });
  const { remove } = context.cluster;
  const slow: typeof remove = (kind, name, ...rest) => {
    if (!PARTS.includes(name)) return remove(kind, name, ...rest);
    removals.push(() => remove(kind, name, ...rest));
    if (removals.length === PARTS.length) hasSent();
    return new Promise(() => {});
  };
  void commitSwap({ ...context, cluster: { ...context.cluster, remove: slow } }, FIRST, staged, quiet);
  await sent;
  await revertSwap({ ...scene.with({}), isGuard: true }, FIRST);
  for (const arrives of removals) await expect(arrives()).rejects.toMatchObject({ reason: 'Conflict' });
  expect(scene.contents()).toEqual(old);
  await assertKnownData(context);
});
