import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { PortError } from '../errors.ts';
import { programEnvironment } from './program-environment.ts';

export interface GuardSpawn {
  readonly workspace: string;
  /** The program and its own arguments. */
  readonly words: readonly string[];
  readonly args: readonly string[];
  readonly logFile: string;
  /** How it is found among all processes. */
  readonly marks: Readonly<Record<string, string>>;
  /** Read by the guard before anything else: what may stand in no file. */
  readonly input?: string;
}

/** In a session of its own, with an environment of its own: nothing that ends us by group or by mark ends it. */
export async function spawnGuard({ workspace, words, args, logFile, marks, input }: GuardSpawn): Promise<ChildProcess> {
  const [program = '', ...own] = words;
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(program, [...own, ...args], {
      cwd: '/',
      env: { ...programEnvironment(), ...marks },
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', log, log],
    });
    await once(child, 'spawn');
    // One that ended before it read that gives no answer, which is found out.
    child.stdin?.on('error', () => undefined).end(input);
    child.unref();
    return child;
  } catch (cause) {
    throw new PortError('platform-unavailable', `the guard of ${workspace} cannot be started`, { cause });
  } finally {
    closeSync(log);
  }
}
