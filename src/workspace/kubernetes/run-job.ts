import { constants } from 'node:os';
import { basename } from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Program, ProgramResult, RunOptions, RunProgram } from '../../program.ts';
import { attendJob, type JobEnd } from './attend-job.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { dropJob, endJob } from './end-programs.ts';
import { describeJob, labelsOf, programNameOf } from './job-spec.ts';
import { JOB, NAMESPACE } from './kinds.ts';
import { LABELS, MOUNTS, NOTES, OURS, placeOf } from './names.ts';
import { mountPlaces } from './places.ts';
import { fingerprintOf, markOf, programScript } from './program-script.ts';
import { keepSecret, secretMounts } from './secrets.ts';

/** OpenShift's own range of SELinux levels for a namespace. */
const SELINUX_LEVEL = 'openshift.io/sa.scc.mcs';

export interface JobRunnerOptions {
  /** How long a program may take to begin: a node, its volumes, its image. Milliseconds. Default ten minutes. */
  readonly beginsWithinMs?: number;
}

const BEGINS_WITHIN_MS = 600_000;
/** Storage may copy a whole snapshot before the volume made from it can be used. */
const CLONED_WITHIN_MS = 3_600_000;

/**
 * Runs what needs places of the workspace as a Job where these are; everything else where we are. The Job outlives us: what
 * is there under the key is adopted, and it stays until its end was received. A program that vanished without an end (its pod
 * was removed while nobody looked) runs anew.
 */
export function createJobRunner(context: KubeContext, options: JobRunnerOptions = {}): RunProgram {
  const underWay = new Set<string>();
  let level: Promise<string | undefined> | undefined;
  const seLinuxLevel = () => {
    level ??= readSeLinuxLevel(context).catch((error: unknown) => {
      level = undefined;
      throw error;
    });
    return level;
  };
  return async (program, runOptions) => {
    if (!needsWorkspace(program)) return context.runHere(program, runOptions);
    const operationId = basename(runOptions.folder);
    const name = programNameOf(operationId, program.key);
    const beginsWithinMs = options.beginsWithinMs ?? (readsSnapshot(program) ? CLONED_WITHIN_MS : BEGINS_WITHIN_MS);
    if (underWay.has(name)) throw new Error(`The program ${program.key} was asked for twice at the same time`);
    underWay.add(name);
    try {
      return await runAsJob(context, { name, operationId, program, beginsWithinMs, seLinuxLevel }, runOptions);
    } finally {
      underWay.delete(name);
    }
  };
}

/** A path that no platform gave out is a folder of ours: what an operation writes down is stored from here. */
function needsWorkspace({ needs }: Program): boolean {
  return needs?.places?.some(({ path }) => path === MOUNTS || path.startsWith(`${MOUNTS}/`)) ?? false;
}

interface Asked {
  readonly name: string;
  readonly operationId: string;
  readonly program: Program;
  readonly beginsWithinMs: number;
  readonly seLinuxLevel: () => Promise<string | undefined>;
}

async function runAsJob(context: KubeContext, asked: Asked, options: RunOptions): Promise<ProgramResult> {
  const adopted = await adopt(context, asked);
  if (adopted) {
    const end = await attend(context, asked, adopted, options);
    if (end.state !== 'vanished') return receive(context, asked, adopted, end, options);
    await endJob(context, adopted);
  }
  const job = await start(context, asked, options.signal);
  return receive(context, asked, job, await attend(context, asked, job, options), options);
}

/** Undefined when the program has to be started; then nothing of an earlier run is left. */
async function adopt(context: KubeContext, { name, program }: Asked): Promise<V1Job | undefined> {
  const found = await context.cluster.read(JOB, name, context.namespace);
  if (!found) return undefined;
  const { labels, annotations, deletionTimestamp } = found.metadata ?? {};
  if (labels?.[LABELS.managedBy] !== OURS || labels?.[LABELS.workspace] !== context.workspace)
    throw new PortError('platform-unavailable', `There is a Job ${name} in ${context.namespace} that is not ours`);
  const isSame = annotations?.[NOTES.asked] === fingerprintOf(program) && program.fresh !== true;
  if (isSame && deletionTimestamp === undefined) return found;
  await endJob(context, found);
  return undefined;
}

async function start(context: KubeContext, asked: Asked, signal: AbortSignal | undefined): Promise<V1Job> {
  const { name, operationId, program } = asked;
  signal?.throwIfAborted();
  const [places, seLinuxLevel] = await Promise.all([
    mountPlaces(context, operationId, program.needs?.places ?? [], signal),
    asked.seLinuxLevel(),
  ]);
  const script = programScript(program, markOf(name, program), places.slow);
  await keepSecret(context, name, labelsOf(context, operationId, 'secret'), program, script);
  signal?.throwIfAborted();
  const secrets = secretMounts(name, program, isRoot(context));
  const job = describeJob(context, { name, operationId, program, places, secrets, seLinuxLevel });
  try {
    return await context.cluster.create(JOB, job);
  } catch (error) {
    const made = isRefusal(error, 'AlreadyExists')
      ? await adopt(context, { ...asked, program: { ...program, fresh: false } })
      : undefined;
    if (made) return made;
    throw error;
  }
}

/** Follows it to its end; ends it first when the signal is aborted. */
async function attend(context: KubeContext, asked: Asked, job: V1Job, options: RunOptions): Promise<JobEnd> {
  const { program, name, beginsWithinMs } = asked;
  try {
    return await attendJob(context, { job, program, mark: markOf(name, program), beginsWithinMs }, options);
  } catch (error) {
    if (options.signal?.aborted) await endJob(context, job);
    throw error;
  }
}

async function receive(
  context: KubeContext,
  { program }: Asked,
  job: V1Job,
  end: JobEnd,
  { signal }: RunOptions,
): Promise<ProgramResult> {
  // A success that the abort came too late for is kept for the next call: nobody received it.
  const isKept = signal?.aborted === true && end.state === 'ended' && end.exitCode === 0;
  if (end.state === 'ended' && !isKept) await dropJob(context, job);
  // Nothing of it may run when it is tried again; one that is lost stays as it is, to be looked at again.
  if (end.state === 'vanished' || (end.state === 'failed' && !end.lost)) await endJob(context, job);
  signal?.throwIfAborted();
  if (end.state === 'vanished') throw removed(program.key);
  if (end.state === 'failed') throw end.error;
  const { exitCode, stderr, durationMs } = end;
  return { ...endOf(exitCode), stderr, durationMs };
}

function removed(key: string): PortError {
  return new PortError('platform-unavailable', `The program ${key} is gone, its pod was removed`, { retryable: true });
}

/** A shell answers 128 + n for signal n. 130 is kept as it is: restic ends with it of its own will. */
function endOf(code: number): Pick<ProgramResult, 'exitCode' | 'signal'> {
  const signal = Object.entries(constants.signals).find(([, number]) => 128 + number === code)?.[0];
  return signal === undefined || code === 130 ? { exitCode: code, signal: null } : { exitCode: null, signal };
}

function readsSnapshot({ needs }: Program): boolean {
  return needs?.places?.some(({ path }) => placeOf(path)?.place.life === 'snapshot') ?? false;
}

function isRoot({ settings }: KubeContext): boolean {
  const user = settings.movers.securityContext?.runAsUser;
  return settings.movers.securityContext === undefined || user === 0;
}

async function readSeLinuxLevel({ cluster, namespace }: KubeContext): Promise<string | undefined> {
  return (await cluster.read(NAMESPACE, namespace))?.metadata?.annotations?.[SELINUX_LEVEL];
}
