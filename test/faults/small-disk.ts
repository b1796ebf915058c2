import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Here } from './fault-bench.ts';

/** A file system of its own on a folder, of a size that can be used up. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all room that is left. */
  fill(): void;
  /** Gives it back. */
  free(): Promise<void>;
  readOnly(isReadOnly: boolean): void;
}

export async function mountSmallDisk(
  { onTestFinished }: Here,
  path: string,
  { kind, megabytes }: { readonly kind: 'tmpfs' | 'ext4'; readonly megabytes: number },
): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  if (kind === 'tmpfs') {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'cml-small', path]);
  } else {
    const image = `${path}.img`;
    await writeFile(image, '');
    await truncate(image, megabytes * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
    execFileSync('mount', ['-o', 'loop', image, path]);
    await rm(join(path, 'lost+found'), { recursive: true });
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
  const filler = join(path, '.filler');
  return {
    path,
    fill() {
      for (const size of ['1M', '4k', '1']) {
        // It ends with "no space left", which is the point; the smaller pieces take what the larger ones left.
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, `bs=${size}`, 'oflag=append', 'conv=notrunc'], {
          stdio: 'ignore',
        });
        if (size === '4k' && kind === 'tmpfs') break;
      }
    },
    free: () => rm(filler, { force: true }),
    readOnly: (isReadOnly) => void execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path]),
  };
}
