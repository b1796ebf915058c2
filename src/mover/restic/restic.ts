import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { PortError } from '../../errors.ts';
import type { PrepareProgram, Program, ProgramNeeds, ProgramResult, RunProgram, StreamProgram } from '../../program.ts';
import type { MoveOptions, ReadOptions } from '../mover.ts';
import { failureOf } from './failure.ts';
import { type Around, type Arrival, launchScript } from './launch.ts';
import { parseLine } from './output.ts';
import type { ResticSettings } from './settings.ts';

/** What every verb works with. */
export interface ResticContext {
  readonly settings: ResticSettings;
  /** Fixed host name of all copies: machines and containers change theirs, and would lose the parent. */
  readonly workspace: string;
  readonly run: RunProgram;
  readonly prepare: PrepareProgram;
  /** Absent where nobody reads what is in copies. */
  readonly stream?: StreamProgram;
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
  /** Every line of standard output, as it is. */
  readonly onLine?: (line: string) => void;
  /** Absolute paths that must be there; looked at where restic runs, in the same program. */
  readonly mustExist?: readonly string[];
  /** The workspace's data that it reads or writes; without any, restic needs the repository alone. */
  readonly places?: ProgramNeeds['places'];
  readonly memoryBytes?: number;
  /** It runs where data would be, without any. */
  readonly nearData?: boolean;
  /** How long after SIGTERM before SIGKILL, in milliseconds; see `Program`. */
  readonly graceMs?: number;
  /** Waits for a held repository. Never for what may run while services are down: it fails at once and is retryable. */
  readonly waitsForLock?: boolean;
  /** An answer that an earlier life of ours waited for will do; for what takes long. Else the answer is from now. */
  readonly adoptable?: boolean;
  /** What the shell around restic does besides. */
  readonly around?: Around;
  readonly arrival?: Arrival;
  /** Ends that are not failures. Default 0 only. */
  readonly accept?: readonly number[];
}

/**
 * Calls restic; answers how it ended when that is accepted.
 * @throws PortError for every other end; the signal's reason when aborted.
 */
export async function callRestic(context: ResticContext, call: Call): Promise<ProgramResult> {
  const { options, onMessage, accept = [0] } = call;
  const program = await programOf(context, call);
  const onLine = (line: string) => {
    call.onLine?.(line);
    const message = onMessage && parseLine(line);
    if (message !== undefined) onMessage?.(message);
  };
  const { folder, signal } = options;
  const result = await context.run(program, { folder, onLine, ...(signal ? { signal } : {}) });
  if (accept.includes(result.exitCode ?? -1)) return result;
  throw failureOf(result, context.settings.location);
}

/**
 * What restic writes, for somebody who reads it. It takes no lock: whoever reads slowly must not keep a prune waiting.
 * @throws PortError when it does not end well, after what it wrote until then.
 */
export async function* streamRestic(
  context: ResticContext,
  args: readonly string[],
  { signal }: ReadOptions,
): AsyncIterable<Uint8Array> {
  if (!context.stream) throw new PortError('mover-unavailable', 'Nothing can be read from copies here.');
  const command = await context.command();
  const program = { command, args: ['--no-lock', ...args], env: environmentOf(context) };
  yield* context.stream(program, {
    ...(signal ? { signal } : {}),
    onEnd(result) {
      if (result.exitCode !== 0) throw failureOf({ ...result, durationMs: 0 }, context.settings.location);
    },
  });
}

/** Has it waiting where it will run. */
export async function prepareRestic(context: ResticContext, call: Call): Promise<void> {
  const { folder, signal } = call.options;
  await context.prepare(await programOf(context, call), { folder, ...(signal ? { signal } : {}) });
}

async function programOf(context: ResticContext, call: Call): Promise<Program> {
  const { args, options, mustExist = [], around = {}, arrival, places, graceMs, nearData = false } = call;
  const lockWait = `${call.waitsForLock ? context.settings.lockWait : 0}ms`;
  const { target = '', name = '', source = '', pattern = '', look = '' } = arrival ?? {};
  const words = [lockWait, target, name, source, pattern, look, ...mustExist];
  return {
    key: options.key,
    command: 'sh',
    args: ['-c', launchScript(around), 'launch', ...words, '--', await context.command(), ...args],
    env: environmentOf(context),
    fresh: call.adoptable !== true,
    ...(options.yields ? { yields: true } : {}),
    ...(graceMs === undefined ? {} : { graceMs }),
    ...(nearData ? { needs: { ...needsOf(context, [], undefined), nearData } } : {}),
    ...(places === undefined ? {} : { needs: needsOf(context, places, call.memoryBytes) }),
  };
}

/** As a pattern that matches this path only. */
export function literal(path: string): string {
  return path.replace(/[\\*?[\]]/g, '\\$&');
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

function needsOf(
  { settings, cacheFolder }: ResticContext,
  places: NonNullable<ProgramNeeds['places']>,
  memoryBytes: number | undefined,
): ProgramNeeds {
  const named = [settings.passwordFile ?? '', ...Object.values(settings.environment)];
  return {
    ...{ places, secretFiles: [...new Set(named.filter(isFile))], scratchFolders: [cacheFolder] },
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

function isFile(path: string): boolean {
  return isAbsolute(path) && existsSync(path) && statSync(path).isFile();
}

function passwordOf({ passwordFile, passwordCommand }: ResticSettings): Record<string, string> {
  if (passwordCommand === undefined) return { RESTIC_PASSWORD_FILE: passwordFile ?? '' };
  const quoted = passwordCommand.map((word) => (word.includes("'") ? `"${word}"` : `'${word}'`));
  return { RESTIC_PASSWORD_COMMAND: quoted.join(' ') };
}
