import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PortError } from '../../errors.ts';
import { identify, isAlive, type ProcessIdentity } from '../../process-identity.ts';
import { readClaim } from './run-record.ts';
import { MARKER } from './run-wrapper.ts';

const POLL_MS = 20;
/** SIGTERM is repeated: a shell that is just about to become the program loses the first one. */
export const TELL_AGAIN_MS = 1_000;
/** How long a kernel may take to remove a killed process (it may be in the middle of writing). */
const KILLED_WITHIN_MS = 30_000;

/** Processes whose marker satisfies a test; those whose environment we may not read are not ours. */
function findMarked(isOurs: (marker: string) => boolean): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = identify(Number(name));
      const marker = found && markerOf(found.pid);
      return found && marker !== undefined && isOurs(marker) ? [found] : [];
    });
}

function markerOf(pid: number): string | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return entries.find((entry) => entry.startsWith(`${MARKER}=`))?.slice(MARKER.length + 1);
  } catch {
    return undefined; // it is gone, or belongs to someone else
  }
}

/** @param target a process, or the group of a process when negative */
function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new PortError('platform-unavailable', `Process ${Math.abs(target)} may not be ended by us`, { cause: error });
  }
}

/** Signals a wrapper's whole group: the wrapper leads a session of its own, nothing else is in it. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isAlive(leader)) send(-leader.pid, signal);
}

/** SIGTERM to all, SIGKILL to those left after the grace; resolves when none lives. */
async function endAll(find: () => ProcessIdentity[], graceMs: number): Promise<void> {
  const killAt = performance.now() + graceMs;
  let tellAt = 0;
  for (;;) {
    const living = find();
    if (living.length === 0) return;
    const signal = performance.now() >= killAt ? 'SIGKILL' : 'SIGTERM';
    if (performance.now() > killAt + KILLED_WITHIN_MS) {
      throw new PortError('platform-unavailable', `Process ${living[0]?.pid} does not end even when killed`);
    }
    if (signal === 'SIGKILL' || performance.now() >= tellAt) {
      for (const each of living) send(each.pid, signal);
      tellAt = performance.now() + TELL_AGAIN_MS;
    }
    await wait(POLL_MS);
  }
}

/** Ends whatever still runs of one program, also when its wrapper is gone. */
export async function endLeftovers(base: string, graceMs: number): Promise<void> {
  await endAll(() => findMarked((marker) => marker === base), graceMs);
}

/**
 * Ends every program that still runs in an operation's folder: SIGTERM, after the grace SIGKILL. Resolves when none of
 * them, and nothing they started, lives. Does nothing when the folder is not there.
 */
export async function endPrograms(folder: string, { graceMs = 10_000 }: { graceMs?: number } = {}): Promise<void> {
  let real: string;
  try {
    real = realpathSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const claims = readdirSync(real).filter((name) => name.endsWith('.run.json'));
  const leaders = claims.flatMap((name) => readClaim(join(real, name)) ?? []);
  const isOurs = (marker: string) => marker.startsWith(real + sep);
  await endAll(() => uniqueByPid([...leaders.filter(isAlive), ...findMarked(isOurs)]), graceMs);
}

function uniqueByPid(processes: ProcessIdentity[]): ProcessIdentity[] {
  return [...new Map(processes.map((each) => [each.pid, each])).values()];
}
