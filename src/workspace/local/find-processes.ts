import { readdirSync, readFileSync, statSync } from 'node:fs';
import { identify, isAlive, type ProcessIdentity, sessionOf } from '../../process-identity.ts';
import { codeOf } from '../system-error.ts';

/** How the processes of one program of ours are known. */
export interface Wanted {
  /** `NAME=value` entries that all stand in the environment the program was started with. */
  readonly marks: readonly string[];
  /** The first process; it leads a session of its own. */
  readonly leader?: ProcessIdentity | undefined;
  /** Where its output goes. */
  readonly output?: string;
}

export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * Every living process of a program, its forked children too, found by the environment it was started with or by its
 * session. Both are needed: a crash between start and record leaves only the environment, and some servers overwrite
 * their environment with a title. Our own process never counts, even when it was started from within a service.
 */
export function findProcesses(wanted: Wanted): ProcessIdentity[] {
  const leaderLives = wanted.leader !== undefined && isAlive(wanted.leader);
  const found: ProcessIdentity[] = [];
  for (const pid of allPids()) {
    if (pid === process.pid) continue;
    const belongs = isInSession(pid, wanted, leaderLives) || hasMarks(pid, wanted.marks);
    const identity = belongs ? identify(pid) : undefined;
    if (identity) found.push(identity);
  }
  return found;
}

/**
 * A session is named after the pid of its leader. While the leader lives that is proof; when it is gone its number may
 * have been given to a stranger, so what is left of the session must also still write to the program's output.
 */
function isInSession(pid: number, wanted: Wanted, leaderLives: boolean): boolean {
  if (wanted.leader === undefined || sessionOf(pid) !== wanted.leader.pid) return false;
  if (leaderLives) return true;
  if (identify(pid)?.bootId !== wanted.leader.bootId) return false;
  return wanted.output !== undefined && writesTo(pid, wanted.output);
}

function writesTo(pid: number, output: string): boolean {
  try {
    const file = statSync(output);
    return [1, 2].some((descriptor) => {
      const open = statSync(`/proc/${pid}/fd/${descriptor}`);
      return open.ino === file.ino && open.dev === file.dev;
    });
  } catch {
    return false; // gone, closed or not ours to see: no proof in any case
  }
}

function hasMarks(pid: number, marks: readonly string[]): boolean {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
    return marks.every((mark) => environment.includes(`\0${Buffer.from(mark).toString('latin1')}\0`));
  } catch {
    return false; // gone or not ours to see
  }
}

/** Does nothing when that very process is gone already. */
export function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (cause) {
    if (codeOf(cause) !== 'ESRCH') throw cause;
  }
}
