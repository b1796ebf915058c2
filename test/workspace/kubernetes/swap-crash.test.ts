import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { dropDisplaced, keepDisplaced, listDisplaced } from '../../../src/workspace/kubernetes/displaced.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { releaseStage } from '../../../src/workspace/kubernetes/stage.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { commitSwap, isSwapReverted, revertSwap } from '../../../src/workspace/kubernetes/swap.ts';
import { assertKnownData } from '../../../src/workspace/kubernetes/swap-state.ts';
import { stageDisplaced } from '../../../src/workspace/kubernetes/undo.ts';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import { isUp, SPACE } from './live-scene.ts';
import { createSwapScene, FIRST, PARTS, SECOND, type SwapScene } from './swap-scene.ts';

const DIED = 'died';
const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';

let scene: SwapScene;
let note: RunningNote;
let quiet: Quiet;
beforeEach(async () => {
  scene = await createSwapScene();
  ({ note, quiet } = await scene.down(scene.context, FIRST));
});
afterEach(() => scene.dispose());

/** A process that dies right after so many writes: nothing it does later has any effect. */
function mortal(writes: number): KubeContext {
  let left = writes;
  const { cluster } = scene.context;
  const guarded = Object.entries(cluster).map(([name, call]) => {
    const isWrite = ['create', 'patch', 'replace', 'apply', 'remove'].includes(name);
    const work = async (...args: never[]) => {
      if (left <= 0) throw new Error(DIED);
      if (isWrite) left -= 1;
      const answer = await call(...args);
      if (left <= 0) throw new Error(DIED);
      return answer;
    };
    return [name, work];
  });
  return { ...scene.context, cluster: Object.fromEntries(guarded) as Cluster };
}

async function untilDeath(life: Promise<unknown>): Promise<'lived' | 'died'> {
  try {
    await life;
    return 'lived';
  } catch (error) {
    if (error instanceof Error && error.message === DIED) return 'died';
    throw error;
  }
}

const old = PARTS.map(() => 'old');
const fresh = PARTS.map(() => 'new');

/** Whoever would start services now starts them on one state of all data, or is refused. */
async function assertNothingStartsOnMixedData(): Promise<boolean> {
  try {
    await assertKnownData(scene.context);
  } catch (error) {
    expect(error).toMatchObject({ code: 'unknown-data' });
    return false;
  }
  expect([old, fresh]).toContainEqual(scene.contents());
  return true;
}

async function isLeftAsItWas(): Promise<void> {
  const { context } = scene;
  expect(await isSwapReverted(context, FIRST)).toBe(true);
  expect(scene.contents()).toEqual(old);
  expect(await assertNothingStartsOnMixedData()).toBe(true);
  await releaseStage(context, FIRST);
  expect(scene.store.list(kinds.CLAIM, SPACE)).toHaveLength(3);
  expect(scene.volumes()).toHaveLength(3);
}

describe('wherever its process dies,', { timeout: 120_000 }, () => {
  test('a commit is put back whole by another life, which may die too', async () => {
    const { context } = scene;
    const before = PARTS.map((part) => scene.get(kinds.CLAIM, part));
    let refused = 0;
    let writes = 1;
    for (let end = 'died'; end === 'died'; writes += 1) {
      const staged = await scene.stageAll(context, FIRST, 'new');
      end = await untilDeath(commitSwap(mortal(writes), FIRST, staged, quiet));
      if (!(await assertNothingStartsOnMixedData())) refused += 1;
      await untilDeath(revertSwap(mortal(1 + (writes % 7)), FIRST));
      await assertNothingStartsOnMixedData();
      await revertSwap(context, FIRST);
      await isLeftAsItWas();
    }
    expect(writes).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(3);
    await startServices(context, note, {});
    expect(isUp(scene)).toBe(true);
    for (const [at, part] of PARTS.entries()) {
      const { metadata, spec } = scene.get(kinds.CLAIM, part);
      expect({ labels: metadata.labels, spec }).toEqual({
        labels: before[at]?.metadata.labels,
        spec: before[at]?.spec,
      });
    }
    for (const { spec } of scene.store.list(kinds.VOLUME)) expect(spec.persistentVolumeReclaimPolicy).toBe('Delete');
  });

  test('a commit that is called again goes on to its end', async () => {
    const { context } = scene;
    let writes = 1;
    for (let end = 'died'; end === 'died'; writes += 4) {
      const staged = await scene.stageAll(context, FIRST, 'new');
      end = await untilDeath(commitSwap(mortal(writes), FIRST, staged, quiet));
      await commitSwap(context, FIRST, staged, quiet);
      expect(scene.contents()).toEqual(fresh);
      await untilDeath(revertSwap(mortal(writes), FIRST));
      await revertSwap(context, FIRST);
      await isLeftAsItWas();
    }
  });

  test('keeping and dropping what was displaced is done once and wholly', async () => {
    const { context } = scene;
    let writes = 1;
    for (let end = 'died'; end === 'died'; writes += 1) {
      const text = `new ${writes}`;
      await commitSwap(context, FIRST, await scene.stageAll(context, FIRST, text), quiet);
      end = await untilDeath(keepDisplaced(mortal(writes), FIRST, FAR_AWAY));
      const places = await keepDisplaced(context, FIRST, FAR_AWAY);
      expect(places).toHaveLength(3);
      await releaseStage(context, FIRST);
      expect(await listDisplaced(context)).toHaveLength(1);
      await untilDeath(dropDisplaced(mortal(1 + (writes % 9)), LATER, []));
      await dropDisplaced(context, LATER, []);
      expect(scene.volumes()).toHaveLength(3);
      expect(scene.contents()).toEqual(PARTS.map(() => text));
    }
    expect(writes).toBeGreaterThan(5);
  });

  test('an undo is put back, and what it would bring stays kept', async () => {
    const { context } = scene;
    await commitSwap(context, FIRST, await scene.stageAll(context, FIRST, 'new'), quiet);
    await keepDisplaced(context, FIRST, FAR_AWAY);
    let writes = 1;
    for (let end = 'died'; end === 'died'; writes += 3) {
      const staged = await stageDisplaced(context, SECOND, FIRST);
      end = await untilDeath(commitSwap(mortal(writes), SECOND, staged, quiet));
      await assertNothingStartsOnMixedData();
      await untilDeath(revertSwap(mortal(1 + (writes % 7)), SECOND));
      await revertSwap(context, SECOND);
      await releaseStage(context, SECOND);
      expect(scene.contents()).toEqual(fresh);
      expect(await stageDisplaced(context, SECOND, FIRST)).toHaveLength(3);
      expect(scene.volumes()).toHaveLength(6);
    }
  });
});
