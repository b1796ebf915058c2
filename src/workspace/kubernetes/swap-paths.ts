import { posix } from 'node:path';
import { OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import { endJob } from './end-programs.ts';
import type { FoundPart } from './found.ts';
import { programNameOf } from './job-spec.ts';
import { JOB } from './kinds.ts';
import { allOf, byPart, pathJobKey, runOnPart } from './path-jobs.ts';
import { displacedOf, ownPathOf, type PathSwap, writeOwnPaths } from './path-record.ts';
import { COMMIT_PATHS, LOOK_AT_PATHS, REVERT_PATHS } from './path-scripts.ts';
import { assertSameQuiet } from './quiet.ts';
import { type SwapRecord, writeSwap } from './swap-record.ts';
import { assertNotTakenOver } from './taken-over.ts';

const COMMIT = 'swap-paths';
const TRIES = 10;

/** What a swap of paths begins with; of an undo, its folders are written down here first. */
export async function describePaths(
  context: KubeContext,
  operationId: string,
  staged: readonly StagedPart[],
  found: readonly FoundPart[],
  undone: SwapRecord | undefined,
): Promise<PathSwap[]> {
  const paths: PathSwap[] = [];
  for (const [position, place] of staged.entries()) {
    if (place.within === undefined) continue;
    const part = found.find(({ name }) => name === place.part);
    if (!part) throw new OperationError('part-missing', `${place.part} is not there any more`);
    const own = ownPathOf(operationId, part, place.within, position);
    const kept = undone?.paths.find((path) => displacedOf(path) === place.path);
    if (undone && kept?.root !== own.root)
      throw new OperationError('part-missing', `${place.part} does not lie where it lay`);
    const incoming = place.is === 'file' ? posix.join(place.path, posix.basename(place.within)) : place.path;
    paths.push({ ...own, position, incoming, brings: kept ? kept.had === true : true });
  }
  if (undone && paths.length > 0) await writeOwnPaths(context, operationId, paths);
  return paths;
}

/** Renames the paths, those of each part in one Job. Nothing in the cluster tells how far it came but the record. */
export async function commitPaths(
  context: KubeContext,
  operationId: string,
  record: SwapRecord,
  quiet: Quiet,
): Promise<void> {
  if (record.paths.length === 0 || record.phase === 'committed') return;
  await assertNotTakenOver(context, operationId);
  await assertSameQuiet(context, quiet);
  const program = { key: COMMIT, script: COMMIT_PATHS, refused: 'swap-failed' } as const;
  const done = await allOf(
    byPart(record.paths).map(async ([part, paths]) => {
      const said = await runOnPart(context, operationId, part, program, paths.map(argumentsOf));
      return paths.map((path, at): PathSwap => ({ ...path, had: said[at] === 'displaced' }));
    }),
  );
  await assertNotTakenOver(context, operationId);
  await writeSwap(context, { ...record, paths: done.flat(), phase: 'committed' });
}

const argumentsOf = ({ root, within, at, incoming, brings }: PathSwap): string[] => [
  ...[root, within, at, incoming],
  brings ? 'yes' : 'no',
];

/**
 * Brings every path back to what it was. A Job of an overtaken life of ours that swaps still is ended first; one that it makes
 * after that finds our mark in the volume and does nothing, and one that began in between is ended and put back once more.
 */
export async function revertPaths(context: KubeContext, record: SwapRecord): Promise<void> {
  const { operationId, paths } = record;
  if (paths.length === 0) return;
  if (record.phase !== 'reverting') await writeSwap(context, { ...record, phase: 'reverting' });
  const program = { key: 'revert-paths', script: REVERT_PATHS, fresh: true, refused: 'swap-failed' } as const;
  const ends = byPart(paths).map(async ([part, here]) => {
    for (let tries = 1; ; tries += 1) {
      await endCommit(context, operationId, part.part);
      await runOnPart(context, operationId, part, program, here.map(argumentsOf));
      if (!(await endCommit(context, operationId, part.part))) return;
      if (tries === TRIES)
        throw new OperationError('swap-failed', `somebody else moves paths of ${part.part} again and again`);
    }
  });
  await allOf(ends);
}

/** True when there was one. */
async function endCommit(context: KubeContext, operationId: string, part: string): Promise<boolean> {
  const name = programNameOf(operationId, pathJobKey(COMMIT, part));
  const job = await context.cluster.read(JOB, name, context.namespace);
  if (job) await endJob(context, job);
  return job !== undefined;
}

/** Whether all that was displaced is still what it was, and an undo of it would change something. */
export async function arePathsKept(
  context: KubeContext,
  operationId: string,
  paths: readonly PathSwap[],
): Promise<{ readonly whole: boolean; readonly changes: boolean }> {
  const program = { key: 'look-at-paths', script: LOOK_AT_PATHS, fresh: true, refused: 'part-missing' } as const;
  const said = await allOf(
    byPart(paths).map(([part, here]) =>
      runOnPart(
        context,
        operationId,
        part,
        program,
        here.map(({ root, within, at }) => [root, within, at]),
      ),
    ),
  );
  const all = said.flat();
  return { whole: !all.includes('lost'), changes: all.includes('kept') };
}
