import { execa } from 'execa';

export interface FileCount {
  /** Everything that is not a directory. */
  readonly files: number;
  /** Sizes of regular files, added up. */
  readonly bytes: number;
  /** What could not be looked at, in find's own words. */
  readonly unreadable: readonly string[];
}

const COUNT = `cd -- "$1" && find . -mindepth 1 -path './.cml-op_*' -prune -o ! -type d -printf '%y %s\\n' |
  awk '{ files++; if ($1 == "f") bytes += $2 } END { printf "%d %.0f\\n", files, bytes }'`;

/** In a program of its own: a walk over a million files in our process would hold everything else up for minutes. */
export async function countFiles(path: string, signal: AbortSignal | undefined): Promise<FileCount> {
  const counted = await execa('sh', ['-c', COUNT, 'sh', path], {
    reject: false,
    extendEnv: false,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdin: 'ignore',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  const [files = '0', bytes = '0'] = counted.stdout.split(' ');
  const unreadable = counted.stderr.split('\n').filter((line) => line !== '');
  if (counted.exitCode !== 0 && unreadable.length === 0) unreadable.push(`counting ${path} failed`);
  return { files: Number(files), bytes: Number(bytes), unreadable };
}
