import type { Stored } from '../store.ts';
import { isOver, stamp } from './pod-status.ts';
import type { World } from './world.ts';

/** Pods carry it until their Job has counted them. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';

type Condition = { type: string; status: 'True' | 'False'; reason: string; message: string };
export type Verdict = Pick<Condition, 'reason' | 'message'> & { readonly target: string; readonly final: string };

export const COMPLETED: Verdict = {
  ...{ target: 'SuccessCriteriaMet', final: 'Complete', reason: 'CompletionsReached' },
  message: 'Reached expected number of succeeded pods',
};
const failure = (reason: string, message: string): Verdict => ({
  target: 'FailureTarget',
  final: 'Failed',
  reason,
  message,
});
const BACKED_OFF = failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
const TOO_LATE = failure('DeadlineExceeded', 'Job was active longer than specified deadline');

export const has = (job: Stored, type: string) =>
  (job.status?.conditions ?? []).some((one: Condition) => one.type === type && one.status === 'True');
export const isFinished = (job: Stored) => has(job, 'Complete') || has(job, 'Failed');

/** Gone from its node without ever having said how it ended. */
export const isSpent = ({ metadata }: Stored) =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;

export function count(job: Stored, pods: readonly Stored[]): { readonly succeeded: number; readonly failed: number } {
  const fresh = pods.filter(({ metadata }) => metadata.finalizers?.includes(TRACKING));
  const succeeded = fresh.filter(({ status }) => status?.phase === 'Succeeded').length;
  const failed = fresh.filter((pod) => pod.status?.phase === 'Failed' || (!isOver(pod) && isSpent(pod))).length;
  return { succeeded: succeeded + (job.status?.succeeded ?? 0), failed: failed + (job.status?.failed ?? 0) };
}

export function verdictOn(
  world: World,
  job: Stored,
  startedAt: number,
  done: ReturnType<typeof count>,
): Verdict | undefined {
  const told = (job.status?.conditions ?? []).find(({ type }: Condition) => /FailureTarget/.test(type));
  if (told) return failure(told.reason, told.message);
  if (done.succeeded > 0) return COMPLETED;
  if (done.failed > job.spec.backoffLimit) return BACKED_OFF;
  return isLate(world, job, startedAt) ? TOO_LATE : undefined;
}

function isLate(world: World, { spec }: Stored, startedAt: number): boolean {
  const limit = spec.activeDeadlineSeconds;
  return limit !== undefined && world.now().getTime() - startedAt >= limit * world.delays.second;
}

export function condition(
  world: World,
  type: string,
  { reason, message }: Pick<Verdict, 'reason' | 'message'>,
): object {
  const at = stamp(world.now());
  return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message };
}
