import { execa } from 'execa';
import { z } from 'zod';
import { resticCandidates } from '../../src/main-ports.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';

/** Plain restic, as a person would use it who has nothing but the repository and its password. */
export interface Restic {
  init(): Promise<void>;
  /** Sentences; none means that the repository is whole and that nobody holds it. */
  check(): Promise<string[]>;
  copyIds(): Promise<Set<string>>;
  restore(copyId: string, target: string): Promise<void>;
}

const listed = z.array(z.object({ id: z.string() }));
const HELD = 11;

export async function createRestic(workspace: ChaosWorkspace): Promise<Restic> {
  const program = await findRestic();
  const call = (...words: string[]) =>
    execa(program, words, {
      reject: false,
      env: {
        RESTIC_REPOSITORY: workspace.repository,
        RESTIC_PASSWORD_FILE: workspace.passwordFile,
        RESTIC_CACHE_DIR: `${workspace.scratch}/restic-cache`,
      },
    });
  const must = async (...words: string[]) => {
    const done = await call(...words);
    if (done.exitCode !== 0) throw new Error(`restic ${words.join(' ')} ended with ${done.exitCode}: ${done.stderr}`);
    return done.stdout;
  };
  return {
    init: async () => void (await must('init')),
    async check() {
      const checked = await call('check');
      if (checked.exitCode === 0) return [];
      const said = `restic check ended with ${checked.exitCode}: ${checked.stderr.trim().split('\n').slice(-6).join(' | ')}`;
      if (checked.exitCode !== HELD) return [said];
      // Only stale locks are removed by a plain unlock; whether that is all that was wrong is worth knowing.
      await must('unlock');
      const again = await call('check');
      return [`${said}; after a plain "restic unlock" it ended with ${again.exitCode}`];
    },
    copyIds: async () =>
      new Set(listed.parse(JSON.parse(await must('snapshots', '--json', '--no-lock'))).map(({ id }) => id)),
    restore: async (copyId, target) => void (await must('restore', copyId, '--target', target)),
  };
}

async function findRestic(): Promise<string> {
  for (const candidate of resticCandidates(process.env)) {
    if ((await execa(candidate, ['version'], { reject: false })).exitCode === 0) return candidate;
  }
  throw new Error('there is no restic: scripts/get-restic.sh fetches one');
}
