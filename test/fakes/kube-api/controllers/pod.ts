import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import { OURS } from '../../../../src/workspace/kubernetes/names.ts';
import type { Stored } from '../store.ts';
import { livePod, type PodLife } from './pod-life.ts';
import { isOver } from './pod-status.ts';
import { startScheduler } from './scheduler.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** Scheduler and kubelet: pods get a node, run, become ready and end. */
export function startPodController(world: World): () => void {
  const lives = new Map<string, PodLife>();
  const stopScheduler = startScheduler(world);
  const stopKubelet = startController(world, {
    kinds: [POD],
    keysOf({ type, object }) {
      if (type === 'DELETED') bury(world, lives, object.metadata.uid);
      return type === 'DELETED' ? [] : [keyOf(object)];
    },
    look(key) {
      const { namespace, name } = splitKey(key);
      const pod = world.store.get(POD, name, namespace);
      if (!pod?.spec.nodeName) return;
      const { uid, deletionTimestamp } = pod.metadata;
      if (!lives.has(uid) && !isOver(pod) && !deletionTimestamp) lives.set(uid, livePod(world, pod, runsForReal(pod)));
      if (deletionTimestamp) endPod(world, pod, lives.get(uid));
    },
  });
  world.onStop(async () => {
    for (const program of world.programs.values()) program.kill();
    await Promise.all([...world.programs.values()].map(({ ended }) => ended));
  });
  return () => {
    stopScheduler();
    stopKubelet();
  };
}

/** Of a pod of a test's own whose program is to run. */
export const RUNS = 'cml-test/runs';

/** Only what the product makes runs for real, and what a test asks for; all else pretends. */
function runsForReal({ metadata: { labels = {} } }: Stored): boolean {
  return RUNS in labels || labels['app.kubernetes.io/managed-by'] === OURS || 'cml-backup/operation' in labels;
}

function endPod(world: World, pod: Stored, life: PodLife | undefined): void {
  const { name, namespace, uid, deletionGracePeriodSeconds: grace = 0 } = pod.metadata;
  if (life) life.end(grace);
  else if (grace > 0) world.store.remove(POD, name, namespace, { graceSeconds: 0, uid });
}

/** Removed without its grace: whatever still runs is killed. */
function bury(world: World, lives: Map<string, PodLife>, uid: string): void {
  lives.get(uid)?.kill();
  lives.delete(uid);
  const program = world.programs.get(uid);
  const folder = join(world.folder, 'pods', uid);
  void (program?.ended ?? Promise.resolve()).then(() => rmSync(folder, { recursive: true, force: true }));
}
