import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { PortError } from '../../errors.ts';
import { isAlive, isOfThisBoot } from '../../process-identity.ts';
import type { Program, ProgramResult, RunOptions, RunProgram } from '../../program.ts';
import { endLeftovers, signalGroup, TELL_AGAIN_MS } from './run-end.ts';
import { followLines, lastLines } from './run-lines.ts';
import {
  type Claim,
  dropAll,
  dropResult,
  fingerprintOf,
  type RunRecord,
  ranForMs,
  readClaim,
  readExitCode,
  recordOf,
} from './run-record.ts';
import { startWrapped } from './run-wrapper.ts';

export { endPrograms } from './run-end.ts';

/** How often output is looked at. The end of our own child is heard at once; that of an adopted one is only seen. */
const [CHILD_POLL_MS, ADOPTED_POLL_MS] = [250, 50];
const DEFAULT_GRACE_MS = 60_000;
const STDERR_LINES = 2_000;

/** The small fixed environment. Handed in, since only the configuration reads ours. */
export const FIXED_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** A program that is running or has ended. */
interface Running {
  readonly claim: Claim;
  /** Present when this life of ours started it. */
  readonly child?: ChildProcess;
}

/**
 * Runs programs as child processes that outlive us. What is running under a key is adopted; what ended while nobody
 * looked is answered, once. After the machine was restarted it runs anew, also when it had ended: its end and its output
 * were not forced to the disk. Its output stays for people to read, except that of a fresh success.
 */
export function createLocalRunProgram(options: { environment?: Readonly<Record<string, string>> } = {}): RunProgram {
  const environment = { ...FIXED_ENVIRONMENT, HOME: homedir(), ...options.environment };
  const underWay = new Set<string>();
  return async (program, runOptions) => {
    mkdirSync(runOptions.folder, { recursive: true, mode: 0o700 });
    const record = recordOf(realpathSync(runOptions.folder), program.key);
    if (underWay.has(record.base)) throw new Error(`The program ${program.key} was asked for twice at the same time`);
    underWay.add(record.base);
    try {
      return await runRecorded(program, record, runOptions, environment);
    } finally {
      underWay.delete(record.base);
    }
  };
}

async function runRecorded(
  program: Program,
  record: RunRecord,
  options: RunOptions,
  environment: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  const graceMs = program.graceMs ?? DEFAULT_GRACE_MS;
  const running = (await adopt(program, record, graceMs)) ?? (await start(program, record, options, environment));
  const code = await attend(running, record, { ...options, graceMs });
  const stderr = lastLines(record.err, STDERR_LINES);
  const result: ProgramResult = { ...endOf(code), stderr, durationMs: ranForMs(record) };
  const isReceived = options.signal?.aborted !== true;
  // A success that the abort came too late for is kept for the next call: nobody received it.
  if (isReceived || result.exitCode !== 0) dropResult(record);
  if (program.fresh && result.exitCode === 0) dropAll(record);
  options.signal?.throwIfAborted();
  return result;
}

/** Undefined when the program has to be started; then nothing of an earlier run is left, neither processes nor files. */
async function adopt(program: Program, record: RunRecord, graceMs: number): Promise<Running | undefined> {
  const claim = readClaim(record.claim);
  const isSame = claim?.asked === fingerprintOf(program) && program.fresh !== true;
  const hasEnded = claim !== undefined && isOfThisBoot(claim) && readExitCode(record) !== undefined;
  if (claim && isSame && (isAlive(claim) || hasEnded)) return { claim };
  // Output without a claim: we died while its wrapper was starting, which may be alive and about to claim.
  if (claim || existsSync(record.out)) await endLeftovers(record.base, graceMs);
  dropAll(record);
  return undefined;
}

async function start(
  program: Program,
  record: RunRecord,
  options: RunOptions,
  environment: Readonly<Record<string, string>>,
): Promise<Running> {
  options.signal?.throwIfAborted();
  const child = startWrapped(program, record, environment);
  let failure: Error | undefined;
  const over = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  for (;;) {
    const isOver = child.exitCode !== null || child.signalCode !== null || failure !== undefined;
    const claim = readClaim(record.claim);
    if (claim) return claim.pid === child.pid ? { claim, child } : { claim };
    if (isOver) {
      throw new PortError('platform-unavailable', `${program.command} could not be started`, {
        cause: failure ?? new Error(lastLines(record.err, 1)[0] ?? 'its claim could not be written'),
        retryable: true,
      });
    }
    await Promise.race([over, pause(5)]);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Follows a program to its end; answers the shell's exit code. Ends it first when the signal is aborted. */
async function attend(
  { claim, child }: Running,
  record: RunRecord,
  { signal, onLine, graceMs }: RunOptions & { graceMs: number },
): Promise<number> {
  const pulse = createPulse(child, signal);
  const lines = await followLines(record.out, onLine ?? (() => {}));
  let killAt: number | undefined;
  let tellAt = 0;
  try {
    // Looked at before reading, so that nothing written before the end is missed.
    for (let lives = isAlive(claim); lives; lives = isAlive(claim)) {
      await lines.read();
      const now = performance.now();
      if (signal?.aborted) {
        killAt ??= now + graceMs;
        if (now >= killAt) signalGroup(claim, 'SIGKILL');
        else if (now >= tellAt) signalGroup(claim, 'SIGTERM');
        if (now >= tellAt) tellAt = now + TELL_AGAIN_MS;
      }
      await pulse.next();
    }
    await lines.end();
  } finally {
    pulse.stop();
    await lines.close();
  }
  if (child) await reaped(child);
  // On a full disk the end cannot be recorded, but our own child tells it.
  const code = readExitCode(record) ?? child?.exitCode ?? undefined;
  // Without either the wrapper was killed: nothing else ends it. What it ran may still be there.
  if (code === undefined || signal?.aborted) await endLeftovers(record.base, graceMs);
  return code ?? 128 + constants.signals.SIGKILL;
}

/**
 * A short sleep that ends early when the child ends or the signal is aborted. No shorter than need be: whoever follows
 * takes processor time from what is followed.
 */
function createPulse(child: ChildProcess | undefined, signal: AbortSignal | undefined) {
  let wake = () => {};
  const wakeUp = () => wake();
  child?.once('exit', wakeUp);
  signal?.addEventListener('abort', wakeUp);
  return {
    next: () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, child ? CHILD_POLL_MS : ADOPTED_POLL_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    stop: () => signal?.removeEventListener('abort', wakeUp),
  };
}

async function reaped(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** A shell answers 128 + n for signal n. 130 is kept as it is: restic ends with it of its own will. */
function endOf(code: number): Pick<ProgramResult, 'exitCode' | 'signal'> {
  const signal = Object.entries(constants.signals).find(([, number]) => 128 + number === code)?.[0];
  return signal === undefined || code === 130 ? { exitCode: code, signal: null } : { exitCode: null, signal };
}
