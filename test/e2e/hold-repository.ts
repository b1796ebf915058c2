import { type ChildProcess, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './processes.ts';

/**
 * Another program, alive and alone in the repository: stopped while it holds an exclusive lock. It reads at 1 KiB/s,
 * or it would be through with a small repository before anyone sees its lock. End it with SIGKILL, or let it go on with
 * SIGCONT.
 */
export async function holdRepository(options: {
  readonly restic: string;
  readonly repository: string;
  readonly passwordFile: string;
}): Promise<ChildProcess> {
  const { restic, repository, passwordFile } = options;
  const environment = { RESTIC_PASSWORD_FILE: passwordFile, PATH: process.env.PATH };
  const words = ['--no-cache', '-r', repository, '--limit-download', '1', 'check'];
  // In a folder of its own: who looks for the processes of a bench must not find it, for it belongs to someone else.
  const holder = spawn(restic, words, { env: environment, stdio: 'ignore', cwd: '/' });
  await until('the repository is locked', async () => {
    if (holder.exitCode !== null) throw new Error(`restic ended with ${holder.exitCode} before its lock was seen`);
    return (await readdir(join(repository, 'locks'))).some((name) => /^[0-9a-f]{64}$/.test(name));
  });
  holder.kill('SIGSTOP');
  return holder;
}
