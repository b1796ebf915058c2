import type { BackupPlan } from '../../../src/records/plan.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { makeSnapshots } from '../../../src/workspace/kubernetes/make-snapshots.ts';
import { claimNameOf } from '../../../src/workspace/kubernetes/names.ts';
import { beginQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import type { Quiet } from '../../../src/workspace/platform.ts';
import type { Snapshot } from '../../../src/workspace/snapshot.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';
import { createLiveScene, DRIVER, type LiveScene, SPACE } from './live-scene.ts';

export const CUT = 'op_0000000001';
export const PARTS = ['data-db-0', 'log-livelog-0', 'projects-pvc'];

/** The live workspace with a snapshot class, in a quiet time that is only said to be one: the cut itself starts nothing. */
export interface CutScene extends LiveScene {
  /** Begins another quiet time. */
  quiet(token: string): Promise<Quiet>;
  cut(quiet: Quiet, settings?: object, parts?: readonly string[]): Promise<Snapshot[]>;
  /** What stands of the snapshot of a part. */
  snapshotOf(part: string): Stored | undefined;
  contentOf(part: string): Stored;
  snapshots(): Stored[];
}

export async function createCutScene(): Promise<CutScene> {
  const live = await createLiveScene();
  const { store } = live;
  live.put(kinds.SNAPSHOT_CLASS, 'snap', { driver: DRIVER, deletionPolicy: 'Delete', parameters: { type: 'snap' } });
  const snapshotOf = (part: string) => store.get(kinds.SNAPSHOT, claimNameOf('snapshot', CUT, part), SPACE);
  return {
    ...live,
    snapshotOf,
    async quiet(token) {
      const quiet = { operationId: CUT, token, stoppedAt: new Date().toISOString() };
      await beginQuiet(live.context, quiet);
      return quiet;
    },
    cut: (quiet, settings = {}, parts = PARTS) => makeSnapshots(live.with(settings), CUT, planOf(parts), quiet),
    contentOf: (part) =>
      live.get(kinds.SNAPSHOT_CONTENT, snapshotOf(part)?.status?.boundVolumeSnapshotContentName ?? ''),
    snapshots: () => store.list(kinds.SNAPSHOT, SPACE),
  };
}

export function planOf(parts: readonly string[], more: readonly object[] = []): BackupPlan {
  return { parts: [...parts.map((name) => ({ name, capture: 'snapshot' })), ...more] } as BackupPlan;
}

/** A life that dies right after so many writes: nothing that it does later has any effect. */
export function mortal(context: KubeContext, writes: number): KubeContext {
  let left = writes;
  const calls = Object.entries(context.cluster).map(([name, call]) => {
    const isWrite = ['create', 'patch', 'replace', 'apply', 'remove'].includes(name);
    const work = async (...args: never[]) => {
      if (left <= 0) throw new Error('died');
      const answer = await call(...args);
      if (isWrite) left -= 1;
      if (left <= 0) throw new Error('died');
      return answer;
    };
    return [name, work];
  });
  return { ...context, cluster: Object.fromEntries(calls) };
}

/** Whether it lived to its end. */
export async function lives(life: Promise<unknown>): Promise<boolean> {
  try {
    await life;
    return true;
  } catch (error) {
    for (let one = error; one instanceof Error; one = one.cause) if (one.message === 'died') return false;
    throw error;
  }
}
