import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Everything that was started for a folder, however indirectly, names it in its command line or its environment. */
export function findProcesses(folder: string): number[] {
  return livingProcesses((pid) => {
    return textOf(pid, 'cmdline').includes(folder) || textOf(pid, 'environ').includes(folder);
  });
}

/** By the words of its command line, apart by single spaces. */
export function findByCommand(matches: (command: string) => boolean): number[] {
  return livingProcesses((pid) => matches(textOf(pid, 'cmdline').replaceAll('\0', ' ').trim()));
}

function livingProcesses(isWanted: (pid: number) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isWanted(pid) && isLiving(pid));
}

export function isLiving(pid: number): boolean {
  const stat = textOf(pid, 'stat');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // gone meanwhile, or someone else's: neither is ours
  }
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/** Kills whatever was started for a folder, and what that starts meanwhile, until nothing is left. */
export async function endEverything(folder: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await pause(20)) {
    const left = findProcesses(folder);
    if (left.length === 0) return;
    for (const pid of left) sendSignal(pid, 'SIGKILL');
  }
  throw new Error(`processes of ${folder} do not end: ${findProcesses(folder).join(', ')}`);
}

/** Polls until something is there; the words say what was awaited. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  withinMs = 30_000,
): Promise<Exclude<T, undefined | false | null>> {
  for (const end = Date.now() + withinMs; ; await pause(20)) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) {
      return found as Exclude<T, undefined | false | null>;
    }
    if (Date.now() > end) throw new Error(`waited too long until ${what}`);
  }
}
