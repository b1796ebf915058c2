import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import type { Readable } from 'node:stream';
import { PortError } from '../../errors.ts';
import type { ProgramResult, StreamProgram } from '../../program.ts';
import { FIXED_ENVIRONMENT } from './run-program.ts';

type Child = ChildProcessByStdio<null, Readable, Readable>;
type End = Pick<ProgramResult, 'exitCode' | 'signal'>;

/** Nothing is lost with it: it only reads. */
const GRACE_MS = 2_000;
const STDERR_CHARACTERS = 64 * 1024;

/** A child of ours with a pipe: it waits while the pipe is full, and when we die its next write ends it. */
export function createLocalStreamProgram(): StreamProgram {
  const environment = { ...FIXED_ENVIRONMENT, HOME: homedir() };
  return async function* ({ command, args, env }, { signal, onEnd }) {
    signal?.throwIfAborted();
    const child = spawn(command, args, { env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = endOf(child, command);
    const stderr = tailOf(child.stderr);
    const end = () => endChild(child);
    signal?.addEventListener('abort', end, { once: true });
    try {
      yield* child.stdout;
      const how = await ended;
      signal?.throwIfAborted();
      onEnd({ ...how, stderr: stderr() });
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
  };
}

function endOf(child: Child, command: string): Promise<End> {
  const ended = new Promise<End>((resolve, reject) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (cause) =>
      reject(new PortError('platform-unavailable', `${command} could not be started`, { cause, retryable: true })),
    );
  });
  ended.catch(() => undefined); // whoever leaves early does not ask how it ended
  return ended;
}

/** The last of what it says on the side, line by line. */
function tailOf(stream: Readable): () => string[] {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-STDERR_CHARACTERS);
  });
  return () => text.split('\n').filter((line) => line !== '');
}

function endChild(child: Child): void {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('exit', () => clearTimeout(impatient));
}
