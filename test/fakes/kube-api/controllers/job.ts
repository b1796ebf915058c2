import { JOB, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import { fillIn } from '../defaults.ts';
import type { Stored } from '../store.ts';
import {
  COMPLETED,
  condition,
  count,
  has,
  isFinished,
  isSpent,
  TRACKING,
  type Verdict,
  verdictOn,
} from './job-verdict.ts';
import { counts, createPod, deletePod, ownedBy, ownerKey } from './owned-pods.ts';
import { isActive, isOver, isReady, stamp } from './pod-status.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** Jobs of one pod at a time. Their status trails the pods; pods keep a finalizer until they were counted. */
export function startJobController(world: World): () => void {
  world.store.admit(JOB, (job, standing) => {
    if (!standing && !job.spec.selector) fillIn(job);
  });
  const startedAt = new Map<string, number>();
  return startController(world, {
    kinds: [JOB, POD],
    keysOf: ({ kind, object }) => (kind.kind === 'Job' ? [keyOf(object)] : ownerKey(object, 'Job')),
    look(key) {
      const { namespace, name } = splitKey(key);
      const job = world.store.get(JOB, name, namespace);
      if (job) {
        const { uid } = job.metadata;
        startedAt.set(uid, startedAt.get(uid) ?? world.now().getTime());
        lookAtJob(world, job, startedAt.get(uid) ?? 0);
      }
      freeOrphans(world, namespace, job?.metadata.uid);
    },
    delay: () => world.delays.status,
  });
}

function lookAtJob(world: World, job: Stored, startedAt: number): void {
  const pods = ownedBy(world, job);
  if (job.spec.suspend && !isFinished(job)) suspend(world, job, pods);
  if (job.spec.suspend || isFinished(job)) return;
  const startTime: string = job.status?.startTime ?? stamp(world.now());
  const done = count(job, pods);
  const verdict = verdictOn(world, job, startedAt, done);
  const isTold = has(job, 'FailureTarget') || has(job, 'SuccessCriteriaMet');
  if (!verdict && !isTold && !job.metadata.deletionTimestamp && !pods.some((pod) => !isOver(pod)))
    createPod(world, job, { finalizers: [TRACKING] });
  const running = ownedBy(world, job).filter((pod) => !isOver(pod) && !isSpent(pod));
  if (verdict && !isTold) announce(world, job, verdict, startTime, pods);
  if (verdict) for (const pod of running) deletePod(world, pod);
  if (verdict && running.length > 0) return;
  for (const pod of pods) if (isOver(pod) || isSpent(pod)) release(world, pod);
  write(world, job, (status) => ({
    ...status,
    ...(verdict ? { conditions: [...(status.conditions ?? []), condition(world, verdict.final, verdict)] } : {}),
    startTime,
    ...(verdict === COMPLETED ? { completionTime: stamp(world.now()) } : {}),
    ...{ active: undefined, failed: undefined, succeeded: undefined },
    ...counts({ active: running.filter(isActive).length, succeeded: done.succeeded, failed: done.failed }),
    ...{ terminating: running.filter((pod) => !isActive(pod)).length, uncountedTerminatedPods: {} },
    ready: running.filter(isReady).length,
  }));
  if (verdict) expire(world, job);
  else awaitDeadline(world, job, startedAt);
}

function awaitDeadline(world: World, { spec, metadata }: Stored, startedAt: number): void {
  if (spec.activeDeadlineSeconds === undefined) return;
  const { name, namespace, uid } = metadata;
  const leftMs = startedAt + spec.activeDeadlineSeconds * world.delays.second - world.now().getTime();
  world.after(Math.max(0, leftMs), () => {
    const job = world.store.get(JOB, name, namespace);
    if (job?.metadata.uid === uid) lookAtJob(world, job, startedAt);
  });
}

/** The verdict is told before it is final: the pods are counted in between. */
function announce(world: World, job: Stored, verdict: Verdict, startTime: string, pods: readonly Stored[]): void {
  const uids = pods.filter(isOver).map(({ metadata }) => metadata.uid);
  const uncounted = uids.length === 0 ? {} : { [verdict === COMPLETED ? 'succeeded' : 'failed']: uids };
  write(world, job, (status) => ({
    ...status,
    conditions: [...(status.conditions ?? []), condition(world, verdict.target, verdict)],
    startTime,
    ...{ active: undefined, terminating: 0, uncountedTerminatedPods: uncounted, ready: 0 },
  }));
}

function write(world: World, { metadata }: Stored, next: (status: Stored['status']) => object): void {
  world.store.edit(JOB, metadata.name, metadata.namespace, (standing) => {
    const entries = Object.entries(next(standing.status ?? {})).filter(([, value]) => value !== undefined);
    if (standing.metadata.uid === metadata.uid) standing.status = Object.fromEntries(entries);
  });
}

function release(world: World, { metadata }: Stored): void {
  world.store.edit(POD, metadata.name, metadata.namespace, (standing) => {
    if (!standing.metadata.finalizers?.includes(TRACKING)) return;
    const kept = standing.metadata.finalizers.filter((one) => one !== TRACKING);
    if (kept.length > 0) standing.metadata.finalizers = kept;
    else delete standing.metadata.finalizers;
  });
}

/** Nobody counts the pods of a Job that is gone. */
function freeOrphans(world: World, namespace: string, uid: string | undefined): void {
  for (const pod of world.store.list(POD, namespace)) {
    const owner = pod.metadata.ownerReferences?.find(({ kind, controller }) => controller && kind === 'Job');
    if (!owner || owner.uid === uid || !pod.metadata.finalizers?.includes(TRACKING)) continue;
    if (world.store.get(JOB, owner.name, namespace)?.metadata.uid !== owner.uid) release(world, pod);
  }
}

function suspend(world: World, job: Stored, pods: readonly Stored[]): void {
  for (const pod of pods.filter(isActive)) deletePod(world, pod);
  if (has(job, 'Suspended')) return;
  write(world, job, ({ startTime: _, ...status }) => ({
    ...status,
    conditions: [
      ...(status.conditions ?? []),
      condition(world, 'Suspended', { reason: 'JobSuspended', message: 'Job suspended' }),
    ],
  }));
}

function expire(world: World, { spec, metadata }: Stored): void {
  const seconds = spec.ttlSecondsAfterFinished;
  if (seconds === undefined) return;
  world.after(seconds * world.delays.second, () => {
    if (world.store.get(JOB, metadata.name, metadata.namespace)?.metadata.uid === metadata.uid)
      world.store.remove(JOB, metadata.name, metadata.namespace);
  });
}
