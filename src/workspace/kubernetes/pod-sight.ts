import type { V1ContainerStateTerminated, V1Pod } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';

/** The one container of ours in a mover's pod; others may have put theirs beside it. */
export const CONTAINER = 'program';

export type PodSight =
  | { readonly state: 'waiting' | 'running' }
  | { readonly state: 'ended'; readonly exitCode: number; readonly durationMs: number }
  /** `removed`: somebody or something took the pod away. */
  | { readonly state: 'failed'; readonly error: PortError; readonly removed?: boolean };

const PULL_FAILS: Readonly<Record<string, boolean>> = {
  ...{ ImagePullBackOff: true, InvalidImageName: false, ErrImageNeverPull: false },
};
const NEVER_STARTS = ['CreateContainerError', 'RunContainerError', 'CreateContainerConfigError'];

/** What became of a program, told by its pod: the Job's own status comes seconds later. */
export function lookAtPod(pod: V1Pod, key: string): PodSight {
  const { phase, reason, message = '' } = pod.status ?? {};
  const state = pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER)?.state;
  if (state?.terminated) return lookAtEnd(pod, state.terminated, key);
  if (phase === 'Failed') return fails(`was ended by the cluster (${reason ?? 'Failed'}): ${sentence(message)}`, key);
  if (state?.running) return { state: 'running' };
  const waits = state?.waiting;
  const pullMayWork = PULL_FAILS[waits?.reason ?? ''];
  if (pullMayWork !== undefined) {
    const text = `cannot start, its image cannot be fetched (${waits?.reason}): ${sentence(waits?.message)}`;
    return fails(text, key, { retryable: pullMayWork, hint: 'Look at platform.movers.image and imagePullSecrets.' });
  }
  if (NEVER_STARTS.includes(waits?.reason ?? ''))
    return fails(`cannot start (${waits?.reason}): ${sentence(waits?.message)}`, key);
  return { state: 'waiting' };
}

function lookAtEnd(pod: V1Pod, terminated: V1ContainerStateTerminated, key: string): PodSight {
  const { exitCode, reason, message, startedAt, finishedAt } = terminated;
  if (exitCode !== 0) {
    if (reason === 'OOMKilled') {
      const hint = 'Give movers more memory: platform.movers.limits.';
      return fails('was killed, it needed more memory than it may have', key, { retryable: false, hint });
    }
    if (reason === 'ContainerStatusUnknown') return fails('is lost, its node cannot say what became of it', key);
    if (reason === 'StartError' || reason === 'ContainerCannotRun')
      return fails(`cannot start: ${sentence(message)}`, key, { retryable: false });
    const taken = whyTaken(pod);
    if (taken !== undefined) return { ...fails(taken, key), removed: true };
  }
  // As text or as a date, whoever parsed it.
  const tookMs = +new Date(finishedAt ?? 0) - +new Date(startedAt ?? 0);
  return { state: 'ended', exitCode, durationMs: Math.max(0, tookMs || 0) };
}

function whyTaken({ metadata, status }: V1Pod): string | undefined {
  const disruption = status?.conditions?.find((one) => one.type === 'DisruptionTarget' && one.status === 'True');
  if (disruption) return `was evicted (${disruption.reason}): ${sentence(disruption.message)}`;
  if (status?.reason === 'Evicted') return `was evicted: ${sentence(status.message)}`;
  return metadata?.deletionTimestamp ? 'was ended from outside, its pod was deleted' : undefined;
}

/** Why a pod has not begun, as far as it says itself. */
export function whyNotBegun(pod: V1Pod): string {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `no node takes it: ${sentence(scheduled.message)}`;
  const waiting = pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER)?.state?.waiting;
  return `its pod is ${waiting?.reason ?? pod.status?.phase ?? 'not there'}${waiting?.message ? `, ${waiting.message}` : ''}`;
}

/** A retry may land on a better node. */
function fails(
  text: string,
  key: string,
  { retryable = true, hint }: { retryable?: boolean; hint?: string } = {},
): Extract<PodSight, { state: 'failed' }> {
  return {
    state: 'failed',
    error: new PortError('platform-unavailable', `The program ${key} ${text}`, { retryable, hint }),
  };
}

function sentence(message: string | undefined): string {
  return message?.trim().split('\n')[0] || 'it does not say why';
}
