import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CopyOutcome, CopyRequest } from '../src/mover/mover.ts';
import { createResticMover } from '../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../src/mover/restic/settings.ts';
import type { Program, RunProgram } from '../src/program.ts';
import { type BenchWorld, MARK } from './world.ts';

/** restic as one would call it by hand, with exactly the words and variables that the product uses. */
export interface Bare {
  copy(request: CopyRequest): Promise<{ readonly ms: number; readonly copy: CopyOutcome }>;
  /** Answers how long it took, in ms. */
  restore(copyId: string, pathInCopy: string, target: string): Promise<number>;
}

export interface BareWish {
  readonly folder: string;
  readonly workspace: string;
  readonly repository: string;
}

/**
 * The words come from the product's own mover, so that they cannot drift apart; of what it asks for, only the call of
 * restic itself is run here, without the shell around it, and timed from the start of the process to its end.
 */
export function createBare(world: BenchWorld, { folder, workspace, repository }: BareWish): Bare {
  mkdirSync(folder, { recursive: true });
  let tookMs = 0;
  let calls = 0;
  const run: RunProgram = async (program, { onLine }) => {
    const files = { out: join(folder, `${calls}.out`), err: join(folder, `${calls}.err`) };
    calls += 1;
    const { exitCode, ms } = await runTimed(program, files, world.rooms);
    tookMs = ms;
    for (const line of readFileSync(files.out, 'utf8').split('\n')) if (line !== '') onLine?.(line);
    // What the shell around restic counts after a restore; nobody counts here.
    onLine?.('{"message_type":"arrived","files":0,"bytes":0}');
    const stderr = readFileSync(files.err, 'utf8').split('\n');
    return { exitCode, signal: null, stderr, durationMs: Math.round(ms) };
  };
  const mover = createResticMover({
    settings: resticSettings.parse({ kind: 'restic', location: repository, passwordFile: world.passwordFile }),
    ...{ workspace, run, candidates: [world.restic], cacheFolder: join(folder, 'cache') },
  });
  return {
    async copy(request) {
      await mover.probe();
      const copy = await mover.copy(request, { folder, key: 'copy' });
      return { ms: tookMs, copy };
    },
    async restore(copyId, pathInCopy, target) {
      await mover.probe();
      await mover.restore(copyId, pathInCopy, target, { folder, key: 'restore' });
      return tookMs;
    },
  };
}

async function runTimed(program: Program, files: { out: string; err: string }, mark: string) {
  const words = [program.command, ...program.args];
  const [command = '', ...args] = words.includes('--') ? words.slice(words.indexOf('--') + 1) : words;
  const output = [openSync(files.out, 'w'), openSync(files.err, 'w')] as const;
  try {
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: homedir(), ...program.env, [MARK]: mark };
    const beganAt = performance.now();
    const child = spawn(command, args, { env, stdio: ['ignore', ...output] });
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    return { exitCode, ms: performance.now() - beganAt };
  } finally {
    for (const file of output) closeSync(file);
  }
}
