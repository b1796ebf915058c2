import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { PortError } from '../../errors.ts';
import { programEnvironment } from '../program-environment.ts';
import { codeOf } from '../system-error.ts';

interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string | undefined;
  readonly timeoutMs: number;
  /** File to which output is added. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/** Between SIGTERM and SIGKILL, and again until a killed one is given up: then the kernel holds it. */
const GRACE_MS = 5_000;
const POLL_MS = 50;

/**
 * Runs a configured command in a session of its own, so that nothing that ends us by group ends it half-way. Its output
 * goes to a file by descriptor, which execa offers no typed way for, and never to a pipe: what it leaves running in the
 * background must neither hold us up nor need us. Answers whether it ended with exit code 0. One that takes too long or
 * is aborted is ended with everything in its group.
 * @throws PortError `platform-unavailable` when it cannot be started or takes too long.
 */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<boolean> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const [program = '', ...args] = words;
  const output = openSync(options.output, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: { ...programEnvironment(), ...options.environment },
      detached: true,
      stdio: ['ignore', output, output],
    });
    const exitCode = await exitCodeWithin(child, timeoutMs, signal);
    if (exitCode === 'late') throw failure(words, `did not end within ${timeoutMs} ms`, options.output, undefined);
    return exitCode === 0;
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw cause instanceof PortError ? cause : failure(words, 'could not be started', options.output, cause);
  } finally {
    closeSync(output);
  }
}

/** Null when it was ended by a signal. */
async function exitCodeWithin(
  child: ChildProcess,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<number | null | 'late'> {
  const exit = once(child, 'exit').then(([code]): number | null => code);
  const over = new AbortController();
  const patience = AbortSignal.any(signal ? [over.signal, signal] : [over.signal]);
  try {
    const first = await Promise.race([exit, wait(timeoutMs, 'late' as const, { signal: patience })]);
    if (first === 'late') await endGroup(child.pid);
    return first;
  } catch (cause) {
    if (signal?.aborted) await endGroup(child.pid);
    throw cause;
  } finally {
    over.abort();
  }
}

/** Its leader may obey at once while what it started does not: the whole group has to be gone. */
async function endGroup(leader: number | undefined): Promise<void> {
  if (leader === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!sendToGroup(leader, signal)) return;
    for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += POLL_MS) {
      await wait(POLL_MS);
      if (!sendToGroup(leader, 0)) return;
    }
  }
}

/** False when nothing of the group is left. */
function sendToGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EPERM') return true; // it lives and runs as someone else
    if (codeOf(cause) === 'ESRCH') return false;
    throw cause;
  }
}

function failure(words: readonly string[], what: string, output: string, cause: unknown): PortError {
  return new PortError('platform-unavailable', `the command "${words.join(' ')}" ${what}`, {
    cause,
    retryable: true,
    hint: `its output is in ${output}`,
  });
}
