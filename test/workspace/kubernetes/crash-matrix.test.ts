import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning, readNote } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { createLiveScene, isUp, type LiveScene, SPACE } from './live-scene.ts';

const DIED = 'died';
let scene: LiveScene;

beforeEach(async () => {
  scene = await createLiveScene();
});
afterEach(() => scene.dispose());

/** A process that dies right after so many writes: nothing it does later has any effect. */
function mortal(context: KubeContext, writes: number): KubeContext {
  let left = writes;
  const { cluster } = context;
  const guarded = Object.entries(cluster).map(([name, call]) => {
    const isWrite = ['create', 'patch', 'replace', 'apply', 'remove'].includes(name);
    const work = async (...args: never[]) => {
      if (left <= 0) throw new Error(DIED);
      const answer = await call(...args);
      if (isWrite && !(args[2] as { dryRun?: boolean } | undefined)?.dryRun) left -= 1;
      if (left <= 0) throw new Error(DIED);
      return answer;
    };
    return [name, work];
  });
  return { ...context, cluster: Object.fromEntries(guarded) as Cluster };
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

async function backUp(context: KubeContext, operationId: string): Promise<void> {
  const note = await noteRunning(context, operationId);
  await stopServices(context, note, {});
  await startServices(context, note, {});
}

async function recover(context: KubeContext): Promise<void> {
  const note = await readNote(context);
  if (note) await startServices(context, note, {});
}

test('brings everything back wherever it died, also when recovering died too', { timeout: 180_000 }, async () => {
  const asked = () => ({
    web: scene.get(kinds.DEPLOYMENT, 'web').spec.replicas,
    operator: scene.get(kinds.DEPLOYMENT, 'ds-operator').spec.replicas,
    db: scene.get(kinds.STATEFUL_SET, 'db').spec.replicas,
    livelog: scene.get(kinds.STATEFUL_SET, 'livelog').spec.replicas,
    isNightlyOff: scene.get(kinds.CRON_JOB, 'nightly').spec.suspend,
    policies: scene.store.list(kinds.VOLUME).map(({ spec }) => spec.persistentVolumeReclaimPolicy),
  });
  const before = asked();
  let writes = 0;
  for (let end = 'died'; end === 'died'; writes += 1) {
    end = await untilDeath(backUp(mortal(scene.context, writes), `op_${writes}`));
    await untilDeath(recover(mortal(scene.context, 1 + (writes % 8))));
    await recover(scene.context);
    await scene.untilUp();
    expect({ writes, ...asked() }).toEqual({ writes, ...before });
    expect(isUp(scene)).toBe(true);
    const objects = [kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.CRON_JOB].flatMap((kind) =>
      scene.store.list(kind, SPACE),
    );
    expect(objects.filter(({ metadata }) => metadata.annotations?.[NOTES.ran])).toEqual([]);
  }
  expect(writes).toBeGreaterThan(20);
});
