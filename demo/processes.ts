import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEMO_MARK, type DemoWorkspace } from './workspace.ts';

/** The writer lives on its own, so that killing the product or stopping the services never touches it. */
export function startWriter(
  workspace: DemoWorkspace,
  program = fileURLToPath(new URL('./writer.js', import.meta.url)),
): void {
  const output = openSync(join(workspace.folder, 'writer.log'), 'a');
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      [DEMO_MARK]: workspace.folder,
      DATABASE_URL: workspace.databaseUrl,
      ACKNOWLEDGED: workspace.acknowledged,
    },
  });
  closeSync(output);
  child.unref();
}

/** Ends the writer, the services, the server and whatever else was started for this folder, and waits until it is gone. */
export async function endEverything(folder: string): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', 20_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const until = Date.now() + patienceMs;
    const told = new Set<number>();
    while (Date.now() < until) {
      const living = findProcesses(folder);
      if (living.length === 0) return;
      // once each: a second SIGTERM would cut short what the first one began
      for (const pid of living.filter((found) => !told.has(found))) end(pid, signal);
      for (const pid of living) told.add(pid);
      await wait(50);
    }
  }
  throw new Error(`processes of the demo do not end: ${findProcesses(folder).join(', ')}`);
}

/** By the mark in the environment; by the folder in the command line where a program was given a fresh environment. */
export function findProcesses(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isOurs(pid, folder));
}

function isOurs(pid: number, folder: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return false;
    if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${DEMO_MARK}=${folder}`)) return true;
    const isNode = readlinkSync(`/proc/${pid}/exe`) === process.execPath;
    return isNode && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/cml`);
  } catch {
    return false; // gone meanwhile, or someone else's: neither was started by us
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
