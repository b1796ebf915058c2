import type { z } from 'zod';
import { PortError } from '../../errors.ts';
import type { ProgramResult } from '../../program.ts';
import type { CopyOutcome, CopyRequest, MoveOptions } from '../mover.ts';
import { PARTLY_UNREADABLE } from './failure.ts';
import { MARKING } from './marking.ts';
import { memoryToCopy } from './memory.ts';
import { copyProgress, copySummary, plainSentence, toMoment, unmarkedFiles, unreadableItems } from './output.ts';
import { type Call, callRestic, literal, prepareRestic, type ResticContext } from './restic.ts';

/** `ProgramResult.stderr` holds no more lines than this: beyond it the list of unreadable paths is not complete. */
const STDERR_LINES = 2_000;
const NO_SUCH_PARENT = /no matching id found/i;

/** Copies. Never waits for a held repository, since it may run while services are down. */
export async function copy(context: ResticContext, request: CopyRequest, options: MoveOptions): Promise<CopyOutcome> {
  let summary: z.infer<typeof copySummary> | undefined;
  let unmarked = false;
  const call = (parent: string | undefined, key: string): Call => ({
    ...callOf(context, request, { ...options, key }, parent),
    onMessage: (message) => {
      const progress = copyProgress(message);
      if (progress) options.onProgress?.(progress);
      else if (unmarkedFiles.safeParse(message).success) unmarked = true;
      else summary = copySummary.safeParse(message).data ?? summary;
    },
  });
  const result = await callOrWithoutParent(context, request.parent, options.key, call);
  if (!summary) {
    throw new PortError('mover-unavailable', 'restic ended without saying what it copied', { retryable: true });
  }
  return {
    id: summary.snapshot_id,
    takenAt: takenAt(summary),
    paths: request.paths,
    tags: request.tags,
    files: summary.total_files_processed,
    bytes: summary.total_bytes_processed,
    addedBytes: summary.data_added_packed ?? summary.data_added,
    ...unreadablePaths(result, request.paths),
    ...(unmarked ? { unmarked } : {}),
    durationMs: Math.round(summary.total_duration * 1000),
  };
}

/** The same program as `copy` will ask for. */
export async function prepareCopy(context: ResticContext, request: CopyRequest, options: MoveOptions): Promise<void> {
  await prepareRestic(context, callOf(context, request, options, request.parent));
}

function callOf(
  context: ResticContext,
  request: CopyRequest,
  options: MoveOptions,
  parent: string | undefined,
): Omit<Call, 'onMessage'> {
  return {
    args: argumentsOf(context, request, parent),
    options,
    mustExist: request.paths,
    // Marking what changes gives files a new access time.
    places: request.paths.map((path) => ({ path, access: request.isFirstPass ? 'write' : 'read' })),
    memoryBytes: memoryToCopy(request.files ?? 0),
    around: request.isFirstPass ? MARKING : { isTimed: true },
    adoptable: true,
    accept: [0, PARTLY_UNREADABLE],
  };
}

/** A parent only saves time: when it is gone (someone dropped that copy), everything is read. */
async function callOrWithoutParent(
  context: ResticContext,
  parent: string | undefined,
  key: string,
  call: (parent: string | undefined, key: string) => Call,
): Promise<ProgramResult> {
  try {
    return await callRestic(context, call(parent, key));
  } catch (error) {
    const said = error instanceof PortError && error.cause instanceof Error ? error.cause.message : '';
    if (parent === undefined || !NO_SUCH_PARENT.test(said)) throw error;
    return await callRestic(context, call(undefined, `${key}-whole`));
  }
}

/**
 * Without a parent, `--force`: else restic looks for one itself and takes whichever copy has the same tags.
 * Grouping by tags instead of paths keeps the parent when a part is added.
 */
function argumentsOf(
  context: ResticContext,
  { paths, exclude, tags }: CopyRequest,
  parent: string | undefined,
): string[] {
  return [
    'backup',
    '--json',
    ...['--host', context.workspace, '--group-by', 'host,tags'],
    ...(parent === undefined ? ['--force'] : ['--parent', parent]),
    ...tags.flatMap((tag) => ['--tag', tag]),
    ...exclude.flatMap((path) => ['--exclude', literal(path)]),
    '--',
    ...paths,
  ];
}

function takenAt({ backup_start, total_duration }: z.infer<typeof copySummary>): string {
  return backup_start === undefined
    ? new Date(Date.now() - total_duration * 1000).toISOString()
    : toMoment(backup_start);
}

/**
 * Never empty when restic says that something could not be read. What it does not name, or names outside of what was
 * asked for, counts against every path: nobody can say which of them is whole.
 */
function unreadablePaths(
  { exitCode, stderr }: ProgramResult,
  paths: readonly string[],
): Pick<CopyOutcome, 'unreadable' | 'vanished'> {
  if (exitCode !== PARTLY_UNREADABLE) return { unreadable: [] };
  const items = unreadableItems(stderr);
  const named = items.filter((item) => paths.some((path) => item.path === path || item.path.startsWith(`${path}/`)));
  const pathsOf = (some: typeof items) => some.map(({ path }) => path);
  if (named.length > 0 && named.length === items.length && stderr.length < STDERR_LINES) {
    const vanished = pathsOf(named.filter(({ hasVanished }) => hasVanished));
    const unreadable = pathsOf(named.filter(({ hasVanished }) => !hasVanished));
    return { unreadable, ...(vanished.length > 0 ? { vanished } : {}) };
  }
  const sentence = stderr.map(plainSentence).find((line) => line !== '') ?? 'restic did not say what';
  const unnamed = paths.map((path) => `${path}/(not everything could be read: ${sentence})`);
  return { unreadable: [...pathsOf(named), ...unnamed] };
}
