import { execa } from 'execa';

export interface FileCount {
  /** Everything that is not a directory. */
  readonly files: number;
  /** Sizes of regular files, added up. */
  readonly bytes: number;
  /** Of these, those written after the moment asked for. */
  readonly writtenSince: number;
  /** What could not be looked at, in find's own words. */
  readonly unreadable: readonly string[];
}

const COUNT = `cd -- "$1" && find . -mindepth 1 -path './.cml-op_*' -prune -o ! -type d -printf '%y %s %T@\\n' |
  awk -v since="$2" '{ files++; if ($1 == "f") bytes += $2; if ($3 + 0 > since + 0) later++ }
    END { printf "%d %.0f %d\\n", files, bytes, later }'`;

/** In a program of its own: a walk over a million files in our process would hold everything else up for minutes. */
export async function countFiles(
  path: string,
  since: string | undefined,
  signal: AbortSignal | undefined,
): Promise<FileCount> {
  const sinceSeconds = since === undefined ? 0 : Date.parse(since) / 1000;
  const counted = await execa('sh', ['-c', COUNT, 'sh', path, String(sinceSeconds)], {
    reject: false,
    extendEnv: false,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdin: 'ignore',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  const [files = '0', bytes = '0', later = '0'] = counted.stdout.split(' ');
  const unreadable = counted.stderr.split('\n').filter((line) => line !== '');
  if (counted.exitCode !== 0 && unreadable.length === 0) unreadable.push(`counting ${path} failed`);
  return { files: Number(files), bytes: Number(bytes), writtenSince: Number(later), unreadable };
}
