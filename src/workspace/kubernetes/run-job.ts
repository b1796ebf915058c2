import { constants } from 'node:os';
import { basename } from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Program, ProgramResult, RunOptions, RunProgram } from '../../program.ts';
import { attendJob, type JobEnd } from './attend-job.ts';
import { type Asked, adopt, needsWorkspace, rememberSeLinuxLevel, start } from './begin-job.ts';
import type { KubeContext } from './context.ts';
import { dropJob, endJob } from './end-programs.ts';
import { programNameOf } from './job-spec.ts';
import { placeOf } from './names.ts';
import { markOf } from './program-script.ts';

export interface JobRunnerOptions {
  /** How long a program may take to begin: a node, its volumes, its image. Milliseconds. Default ten minutes. */
  readonly beginsWithinMs?: number;
}

export const BEGINS_WITHIN_MS = 600_000;
/** Storage may copy a whole snapshot before the volume made from it can be used. */
const CLONED_WITHIN_MS = 3_600_000;

/**
 * Runs what needs places of the workspace as a Job where these are; everything else where we are. The Job outlives us: what
 * is there under the key is adopted, and it stays until its end was received. A program that vanished without an end (its pod
 * was removed while nobody looked) runs anew.
 */
export function createJobRunner(context: KubeContext, options: JobRunnerOptions = {}): RunProgram {
  const underWay = new Set<string>();
  const seLinuxLevel = rememberSeLinuxLevel(context);
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
