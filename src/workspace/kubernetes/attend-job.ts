import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Program, RunOptions } from '../../program.ts';
import type { KubeContext } from './context.ts';
import { EVENT, JOB, POD } from './kinds.ts';
import { CONTAINER, lookAtPod, type PodSight, whyNotBegun } from './pod-sight.ts';
import { createProgramOutput, type ProgramOutput } from './program-script.ts';

export type JobEnd =
  | {
      readonly state: 'ended';
      readonly exitCode: number;
      readonly stderr: readonly string[];
      readonly durationMs: number;
    }
  /** `lost`: it may still run on a node that does not answer. */
  | { readonly state: 'failed'; readonly error: PortError; readonly lost?: boolean }
  /** Nothing says how it ended. */
  | { readonly state: 'vanished' };

export interface AttendedJob {
  readonly job: V1Job;
  readonly program: Program;
  readonly mark: string;
  readonly beginsWithinMs: number;
}

/** After a container's end, or after its node should have ended it. */
const SETTLES_WITHIN_MS = 60_000;

/** A Job that makes no pod for so long may not: a quota, a policy, a security context that nobody allowed. */
const POD_WITHIN_MS = 60_000;

const LATE = Symbol('late');
const LOST = Symbol('lost');

/**
 * Follows a Job's pod to its end and hands over its lines. Rejects only with the signal's reason, or when the cluster cannot
 * be asked: then the Job stands as it is, to be adopted.
 */
export async function attendJob(context: KubeContext, attended: AttendedJob, options: RunOptions): Promise<JobEnd> {
  const { cluster, namespace } = context;
  const { job, program, mark, beginsWithinMs } = attended;
  const watch = createWatch(options.signal, Math.min(beginsWithinMs, POD_WITHIN_MS));
  const output = createProgramOutput(mark, options.onLine ?? (() => {}));
  let seen: V1Pod | undefined;
  let reading: Promise<void> | undefined;
  const look = (pods: readonly V1Pod[]): PodSight | 'vanished' | undefined => {
    const pod = pods.find(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid));
    if (!pod) return seen || isOver(job) ? 'vanished' : undefined;
    if (!seen) watch.beginsWithin(beginsWithinMs);
    seen = pod;
    const sight = lookAtPod(pod, program.key);
    if (sight.state === 'failed') return sight;
    if (sight.state === 'waiting') return undefined;
    watch.begun();
    if (!reading) {
      const name = pod.metadata?.name ?? '';
      reading = cluster.readLog({ name, namespace, container: CONTAINER }, output.take, { signal: watch.signal });
      reading.catch(() => {}); // looked at when the pod has ended
    }
    if (sight.state === 'ended') return sight;
    if (pod.metadata?.deletionTimestamp) watch.endsWithin((pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000);
    return undefined;
  };
  try {
    const where = { namespace, labels: `job-name=${job.metadata?.name}` };
    const sight = await cluster.follow(POD, where, look, { signal: watch.signal });
    if (sight === 'vanished') return (await whyRemoved(context, attended)) ?? { state: 'vanished' };
    if (sight.state === 'failed') return ((sight.removed && (await whyRemoved(context, attended))) || sight) as JobEnd;
    if (sight.state !== 'ended') throw new Error('A pod was looked at before its end');
    watch.endsWithin(0);
    await reading;
    return endWith(sight, output, program.key);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error === LATE) return { state: 'failed', error: await tooLate(context, attended, seen) };
    if (error === LOST) return { state: 'failed', error: lost(program.key, seen), lost: true };
    throw error;
  } finally {
    watch.end();
  }
}

/** One signal for the caller's and for what takes too long. */
function createWatch(signal: AbortSignal | undefined, podWithinMs: number) {
  const own = new AbortController();
  const abort = () => own.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let timer: NodeJS.Timeout | undefined = setTimeout(() => own.abort(LATE), podWithinMs);
  let isEnding = false;
  return {
    signal: own.signal,
    beginsWithin(ms: number) {
      clearTimeout(timer);
      timer = setTimeout(() => own.abort(LATE), ms);
    },
    begun() {
      if (!isEnding) clearTimeout(timer);
    },
    endsWithin(ms: number) {
      if (!isEnding) timer = setTimeout(() => own.abort(LOST), ms + SETTLES_WITHIN_MS);
      isEnding = true;
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      own.abort();
    },
  };
}

function endWith(
  { exitCode, durationMs }: Extract<PodSight, { state: 'ended' }>,
  output: ProgramOutput,
  key: string,
): JobEnd {
  const end = output.end();
  if (end === 'absent') return failed(`The program ${key} was not found where movers run`, false);
  // Of a program that was killed with all that was around it, nothing tells the end.
  if (end === undefined && exitCode === 0) return failed(`The output of ${key} could not be read to its end`, true);
  return { state: 'ended', exitCode, stderr: output.stderr(), durationMs };
}

function failed(message: string, retryable: boolean, hint?: string): Extract<JobEnd, { state: 'failed' }> {
  return { state: 'failed', error: new PortError('platform-unavailable', message, { retryable, hint }) };
}

function isOver({ status }: V1Job): boolean {
  return (
    status?.conditions?.some(
      ({ type, status }) => /^(Failed|Complete|FailureTarget)$/.test(type) && status === 'True',
    ) ?? false
  );
}

/** Undefined when the cluster does not say. */
async function whyRemoved(
  { cluster, namespace }: KubeContext,
  { job, program }: AttendedJob,
): Promise<JobEnd | undefined> {
  const now = await cluster.read(JOB, job.metadata?.name ?? '', namespace);
  if (!now?.status?.conditions?.some(({ reason }) => reason === 'DeadlineExceeded')) return undefined;
  const hint = 'Give it more time: platform.movers.deadline.';
  return failed(`The program ${program.key} took longer than a mover may`, false, hint);
}

export async function tooLate(
  { cluster, namespace }: KubeContext,
  { job, program }: { readonly job: V1Job; readonly program: Pick<Program, 'key'> },
  seen: V1Pod | undefined,
): Promise<PortError> {
  const name = (seen ?? job).metadata?.name ?? '';
  const events = await cluster.list(EVENT, { namespace, fields: `involvedObject.name=${name}` });
  const warning = events
    .filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.name === name)
    .at(-1);
  const why = [seen ? whyNotBegun(seen) : 'it has no pod', warning?.message].filter(Boolean).join('; ');
  const message = `The program ${program.key} did not begin in time: ${why}`;
  return new PortError('platform-unavailable', message, { retryable: true });
}

function lost(key: string, seen: V1Pod | undefined): PortError {
  const node = seen?.spec?.nodeName ?? 'of it';
  return new PortError('platform-unavailable', `The program ${key} is lost: the node ${node} does not answer`, {
    hint: 'Its pod may still run there. Look at the node before you try again.',
    retryable: true,
  });
}
