import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program, ProgramResult, RunProgram } from '../../program.ts';
import type { MoveOptions } from '../mover.ts';
import { failureOf, HELD, PATH_ABSENT, PATH_MISSING, READ_ONLY } from './failure.ts';
import { parseLine } from './output.ts';
import type { ResticSettings } from './settings.ts';

/** What every verb works with. */
export interface ResticContext {
  readonly settings: ResticSettings;
  /** Fixed host name of all copies: machines and containers change theirs, and would lose the parent. */
  readonly workspace: string;
  readonly run: RunProgram;
  /** Answers the restic to use. @throws PortError `mover-missing` */
  readonly command: () => Promise<string>;
  /** Ours alone: restic 0.19 refuses to work when it cannot write its cache. */
  readonly cacheFolder: string;
}

export interface Call {
  readonly args: readonly string[];
  readonly options: MoveOptions;
  /** Every JSON message of standard output. */
  readonly onMessage?: (message: unknown) => void;
  /** Absolute paths that must be there; looked at where restic runs, in the same program. */
  readonly mustExist?: readonly string[];
  /** Waits for a held repository. Never for what may run while services are down: it fails at once and is retryable. */
  readonly waitsForLock?: boolean;
  /** An answer that an earlier life of ours waited for will do; for what takes long. Else the answer is from now. */
  readonly adoptable?: boolean;
  /**
   * Once restic has succeeded, what it restored as `<target>.partial/<name>` becomes the target (a file goes into it),
   * and what stands below the target is counted, as a message of type `arrived`.
   */
  readonly arrival?: { readonly target: string; readonly name: string };
  /** Ends that are not failures. Default 0 only. */
  readonly accept?: readonly number[];
}

/**
 * Runs near the data, around restic. All in one program, since every program may be a container somewhere:
 * - looks whether all paths are there (before 0.19 restic passes over a missing one and exits 0);
 * - looks whether a repository in a folder can be written: restic would try for a quarter of an hour to take its lock;
 * - a held repository (exit 11) is tried once more after a plain `unlock`, which removes locks of dead owners only; the
 *   first try never waits, so that a dead owner's lock costs no time;
 * - moves what was restored from beside the target into its place, and counts what really arrived. Sizes are summed as
 *   doubles, exact up to 2^53.
 * Signals go to the whole group: the trap keeps this shell until restic has ended, and from trying once more.
 */
const LAUNCH = `
wait=$1 target=$2 name=$3 stopped=
shift 3
while [ "$1" != -- ]; do
  [ -e "$1" ] || [ -L "$1" ] || { printf '%s is not there\\n' "$1" >&2; exit ${PATH_MISSING}; }
  shift
done
restic=$2
shift 2
case $RESTIC_REPOSITORY in /*)
  [ ! -d "$RESTIC_REPOSITORY/locks" ] || [ -w "$RESTIC_REPOSITORY/locks" ] || exit ${READ_ONLY} ;;
esac
trap stopped=yes HUP INT QUIT TERM
"$restic" "$@"
code=$?
if [ "$code" -eq ${HELD} ] && [ -z "$stopped" ]; then
  "$restic" unlock >/dev/null 2>&1
  "$restic" --retry-lock "$wait" "$@"
  code=$?
fi
[ "$code" -eq 0 ] && [ -n "$target" ] || exit "$code"
came=$target.partial/$name
if [ -d "$came" ] && [ ! -L "$came" ]; then
  { [ ! -e "$target" ] || find "$target" -mindepth 1 -delete; } && mv -T -- "$came" "$target" || exit 1
elif [ ! -e "$came" ] && [ ! -L "$came" ]; then
  printf '%s is not in the copy\\n' "$name" >&2; exit ${PATH_ABSENT}
else
  mkdir -p -- "$target" && mv -f -- "$came" "$target/" || exit 1
fi
rmdir -- "$target.partial"
find "$target" -mindepth 1 ! -type d -printf '%y %s\\n' | awk '
  { files++; if ($1 == "f") bytes += $2 }
  END { printf "{\\"message_type\\":\\"arrived\\",\\"files\\":%.0f,\\"bytes\\":%.0f}\\n", files, bytes }'
`;

/**
 * Calls restic; answers how it ended when that is accepted.
 * @throws PortError for every other end; the signal's reason when aborted.
 */
export async function callRestic(context: ResticContext, call: Call): Promise<ProgramResult> {
  const { args, options, onMessage, mustExist = [], arrival, accept = [0] } = call;
  const lockWait = `${call.waitsForLock ? context.settings.lockWait : 0}ms`;
  const arrivalWords = [arrival?.target ?? '', arrival?.name ?? ''];
  const program: Program = {
    key: options.key,
    command: 'sh',
    args: ['-c', LAUNCH, 'launch', lockWait, ...arrivalWords, ...mustExist, '--', await context.command(), ...args],
    env: environmentOf(context),
    fresh: call.adoptable !== true,
  };
  const onLine = (line: string) => {
    const message = onMessage && parseLine(line);
    if (message !== undefined) onMessage?.(message);
  };
  const { folder, signal } = options;
  const result = await context.run(program, { folder, onLine, ...(signal ? { signal } : {}) });
  if (accept.includes(result.exitCode ?? -1)) return result;
  throw failureOf(result, context.settings.location);
}

/** Where `addKey` notes which key the configured password opens; without it restic tries every key, 0.5 s each. */
export function keyHintFile({ cacheFolder }: Pick<ResticContext, 'cacheFolder'>): string {
  return join(cacheFolder, 'key-hint');
}

function readKeyHint(context: ResticContext): string | undefined {
  try {
    return readFileSync(keyHintFile(context), 'utf8').trim() || undefined;
  } catch {
    return undefined; // it only saves time
  }
}

function environmentOf(context: ResticContext): Record<string, string> {
  const { settings, cacheFolder } = context;
  const hint = readKeyHint(context);
  return {
    ...settings.environment,
    RESTIC_REPOSITORY: settings.location,
    ...passwordOf(settings),
    ...(hint === undefined ? {} : { RESTIC_KEY_HINT: hint }),
    RESTIC_CACHE_DIR: join(cacheFolder, 'restic'),
    RESTIC_PROGRESS_FPS: '1',
    ...(settings.readConcurrency === undefined ? {} : { RESTIC_READ_CONCURRENCY: String(settings.readConcurrency) }),
  };
}

function passwordOf({ passwordFile, passwordCommand }: ResticSettings): Record<string, string> {
  if (passwordCommand === undefined) return { RESTIC_PASSWORD_FILE: passwordFile ?? '' };
  const quoted = passwordCommand.map((word) => (word.includes("'") ? `"${word}"` : `'${word}'`));
  return { RESTIC_PASSWORD_COMMAND: quoted.join(' ') };
}
