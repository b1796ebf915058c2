import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Every living process that was started for this folder, however indirectly: its environment names the folder. */
export function findProcesses(folder: string, mark = ''): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isOurs(pid, folder, mark));
}

function isOurs(pid: number, folder: string, mark: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return false;
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return entries.some((entry) => entry.includes(folder)) && entries.some((entry) => entry.startsWith(mark));
  } catch {
    return false; // gone meanwhile, or someone else's
  }
}

/** The server first, so that nothing starts anew; what does not end by itself is killed. */
export async function endEverything(folder: string): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const until = Date.now() + patienceMs;
    for (let told = new Set<number>(); Date.now() < until; ) {
      const living = findProcesses(folder);
      if (living.length === 0) return;
      for (const pid of living.filter((found) => !told.has(found))) end(pid, signal);
      told = new Set(living);
      await wait(50);
    }
  }
  throw new Error(`processes of the chaos run do not end: ${findProcesses(folder).join(', ')}`);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
