import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChaosWorkspace } from './chaos-workspace.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** The real `cml serve`, one life after the other. */
export interface Server {
  /** Answers the moment (in ms) at which it was started. */
  start(): number;
  /** SIGKILL, to this one process only: services, guard and restic live on. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  end(): Promise<number | null>;
  isAlive(): boolean;
  /** What the server said when it ended without being told to; undefined while all is well. */
  complaint(): string | undefined;
  /** The moments of every start. */
  readonly starts: readonly number[];
}

export function createServer(workspace: ChaosWorkspace): Server {
  const output = join(workspace.scratch, 'server.out');
  const starts: number[] = [];
  let child: ChildProcess | undefined;
  let complaint: string | undefined;

  async function finish(signal: NodeJS.Signals): Promise<number | null> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null;
    ending.kill(signal);
    await once(ending, 'exit');
    return ending.exitCode;
  }

  return {
    starts,
    isAlive: () => child !== undefined,
    complaint: () => complaint,
    start() {
      const file = openSync(output, 'a');
      const started = spawn(process.execPath, [MAIN, 'serve'], {
        cwd: workspace.folder,
        env: { ...process.env, CML_CHAOS: workspace.folder },
        stdio: ['ignore', file, file],
      });
      closeSync(file);
      child = started;
      started.once('exit', (code, signal) => {
        if (child !== started) return;
        child = undefined;
        const said = readFileSync(output, 'utf8').trim().split('\n').slice(-12).join('\n');
        complaint = `the server ended by itself (${code ?? signal}): ${said}`;
      });
      const at = Date.now();
      starts.push(at);
      return at;
    },
    kill: async () => void (await finish('SIGKILL')),
    end: () => finish('SIGTERM'),
  };
}
