import type { Stored } from '../store.ts';

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Ended };

export interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface PodStage {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly state: ContainerState;
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly lastState?: ContainerState;
}

type Condition = { type: string; status: 'True' | 'False'; reason?: string; message?: string };

/** Seconds are what the API keeps. */
export const stamp = (at: Date) => at.toISOString().replace(/\.\d+/, '');

/** As the kubelet of a cluster of 1.34 writes it: order of conditions, reasons, and which of them follow which. */
export function writeStatus(pod: Stored, stage: PodStage, now: Date): void {
  const { phase, state, ready = false, restarts = 0, lastState = {} } = stage;
  const isOver = 'terminated' in state;
  const hasSandbox = phase === 'Succeeded' || phase === 'Failed' ? false : !('waiting' in state) || restarts > 0;
  const succeeded = isOver && state.terminated.exitCode === 0;
  const why = isOver ? (succeeded ? 'PodCompleted' : 'PodFailed') : 'ContainersNotReady';
  const readiness = ready ? {} : { reason: why };
  const wanted: Condition[] = [
    { type: 'PodReadyToStartContainers', status: hasSandbox ? 'True' : 'False' },
    { type: 'Initialized', status: 'True', ...(succeeded ? { reason: 'PodCompleted' } : {}) },
    { type: 'Ready', status: ready ? 'True' : 'False', ...readiness },
    { type: 'ContainersReady', status: ready ? 'True' : 'False', ...readiness },
    { type: 'PodScheduled', status: 'True' },
  ];
  pod.status = {
    ...pod.status,
    observedGeneration: pod.metadata.generation,
    phase,
    conditions: wanted.map((condition) => timed(pod, condition, now)),
    containerStatuses: pod.spec.containers.map(({ name, image }: { name: string; image: string }) => ({
      ...{ name, image, imageID: image, ready, started: 'running' in state, restartCount: restarts },
      ...{ state, lastState },
    })),
    startTime: pod.status?.startTime ?? stamp(now),
    hostIP: '10.0.0.1',
    ...(hasSandbox ? { podIP: '10.42.0.7', podIPs: [{ ip: '10.42.0.7' }] } : {}),
    qosClass: 'Burstable',
  };
}

/** The scheduler's part; without a node it says why there is none. */
export function writeScheduled(pod: Stored, nodeName: string | undefined, now: Date, message?: string): void {
  if (nodeName !== undefined) pod.spec.nodeName = nodeName;
  const condition: Condition =
    nodeName === undefined
      ? { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', ...(message ? { message } : {}) }
      : { type: 'PodScheduled', status: 'True' };
  pod.status = { ...pod.status, phase: 'Pending', conditions: [timed(pod, condition, now)] };
}

/** Keeps the time at which the condition last changed its answer. */
function timed(pod: Stored, condition: Condition, now: Date): object {
  const before = (pod.status?.conditions ?? []).find(({ type }: Condition) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : stamp(now);
  return { lastProbeTime: null, lastTransitionTime, ...condition };
}

export function isReady(pod: Stored): boolean {
  return (pod.status?.conditions ?? []).some(({ type, status }: Condition) => type === 'Ready' && status === 'True');
}

/** Its programs are over, for good. */
export function isOver(pod: Stored): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither over nor told to end. */
export function isActive(pod: Stored): boolean {
  return !isOver(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** The grace that the API server gives a pod on deletion: none when nothing runs. */
export function graceOf(pod: Stored, asked?: number): number {
  if (!pod.spec?.nodeName || isOver(pod)) return 0;
  return asked ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
}
