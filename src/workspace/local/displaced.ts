import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import { type DefinitionFile, definitionFile } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import type { Displaced } from '../swaps.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { copyDefinition } from './displaced-definition.ts';
import { inodeOf } from './file-facts.ts';
import { removeTree } from './remove-tree.ts';
import { removeEmptyFolder } from './swap-children.ts';
import { listSwaps, readSwap, removeSwap, type SwapRecord, stagedPartOf, swapRecord } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

const entry = z.object({
  operationId: z.string(),
  until: moment,
  places: z.array(z.string()),
  /** What is needed to put it back after all, or to undo it. */
  swap: swapRecord,
  definition: definitionFile.optional(),
  /** Noted before the first place is removed: from then on nobody can have it any more. */
  isDropping: z.boolean().optional(),
});
const entries = z.array(entry);
export type DisplacedEntry = z.infer<typeof entry>;

/** Oldest first. */
export async function readEntries(context: LocalContext): Promise<DisplacedEntry[]> {
  return (await readState(stateFiles.displaced(context.folder), entries)) ?? [];
}

async function writeEntries(context: LocalContext, kept: readonly DisplacedEntry[]): Promise<void> {
  const path = stateFiles.displaced(context.folder);
  await (kept.length === 0 ? removeState(path) : writeState(path, kept));
}

export async function entryOf(context: LocalContext, operationId: string): Promise<DisplacedEntry | undefined> {
  return (await readEntries(context)).find((one) => one.operationId === operationId);
}

/** Call while holding the lock. */
export async function unkeep(context: LocalContext, operationId: string): Promise<void> {
  // First: an entry without its copy is dropped by the next try, a copy without its entry would stay for ever.
  await removeState(stateFiles.displacedDefinition(context.folder, operationId));
  await writeEntries(
    context,
    (await readEntries(context)).filter((one) => one.operationId !== operationId),
  );
}

/** From here on the swap is settled: what was displaced is only waiting for its time to pass. */
export function keepDisplaced(
  context: LocalContext,
  operationId: string,
  until: string,
  definition: DefinitionFile | undefined,
): Promise<string[]> {
  return context.lock.hold(() => settleSwap(context, operationId, until, definition));
}

/** Call while holding the lock. */
export async function settleSwap(
  context: LocalContext,
  operationId: string,
  until: string,
  definition?: DefinitionFile,
): Promise<string[]> {
  const kept = await readEntries(context);
  const known = kept.find((one) => one.operationId === operationId);
  const swap = await readSwap(context, operationId);
  if (!swap) return known?.places ?? [];
  const places = known?.places ?? (await displacedPlaces(operationId, swap));
  if (!known) {
    const copy = await copyDefinition(context, operationId, definition);
    const others = kept.filter((one) => one.operationId !== swap.undoes);
    await writeEntries(context, [
      ...others,
      { operationId, until, places, swap, ...(copy === undefined ? {} : { definition: copy }) },
    ]);
  }
  await clearUndone(context, swap);
  await removeSwap(context, operationId);
  return places;
}

async function displacedPlaces(operationId: string, swap: SwapRecord): Promise<string[]> {
  if ((await stateOfSwap(swap)) !== 'committed') {
    throw new OperationError('unknown-data', `the swap of operation ${operationId} is not complete`, {
      hint: 'put it back first',
    });
  }
  const places: string[] = [];
  for (const { displaced } of swap.parts) if ((await inodeOf(displaced)) !== null) places.push(displaced);
  return places;
}

/** What the undone operation had kept is live now; only its empty folders and its copy of the definition are left. */
async function clearUndone(context: LocalContext, { undoes, parts }: SwapRecord): Promise<void> {
  if (undoes === undefined) return;
  for (const { way, stage } of parts) if (way === 'children') await removeEmptyFolder(stage);
  await removeState(stateFiles.displacedDefinition(context.folder, undoes));
}

/** A copy that was made for an entry that was never written. Call while holding the lock. */
export async function forgetDefinition(context: LocalContext, operationId: string): Promise<void> {
  if (await entryOf(context, operationId)) return;
  await removeState(stateFiles.displacedDefinition(context.folder, operationId));
}

export async function listDisplaced(context: LocalContext): Promise<Displaced[]> {
  return (await readEntries(context))
    .filter(({ isDropping }) => !isDropping)
    .map(({ operationId, until, swap, definition }) => ({
      operationId,
      until,
      parts: swap.parts.map(stagedPartOf),
      // Where it lies now: the data folder may have been moved since.
      ...(definition === undefined
        ? {}
        : { definition: { ...definition, path: stateFiles.displacedDefinition(context.folder, operationId) } }),
    }));
}

export async function dropDisplaced(context: LocalContext, now: string, held: readonly string[]): Promise<string[]> {
  const removed: string[] = [];
  const failures: unknown[] = [];
  for (const old of await context.lock.hold(() => beginDropping(context, now, held))) {
    try {
      for (const place of old.places) await removeTree(place);
      await context.lock.hold(() => unkeep(context, old.operationId));
      removed.push(...old.places);
    } catch (cause) {
      failures.push(cause); // one that cannot be removed keeps no other
    }
  }
  if (failures.length > 0) throw failures[0];
  return removed;
}

/** An undo writes its swap down under the same lock: either it is seen here, or it finds that this is being dropped. */
async function beginDropping(
  context: LocalContext,
  now: string,
  held: readonly string[],
): Promise<readonly DisplacedEntry[]> {
  const swaps = await listSwaps(context);
  const needed = new Set([...held, ...swaps.flatMap(({ operationId, undoes }) => [operationId, undoes])]);
  const isOver = ({ operationId, until, isDropping }: DisplacedEntry) =>
    isDropping || (Date.parse(until) <= Date.parse(now) && !needed.has(operationId));
  const kept = await readEntries(context);
  const over = kept.filter(isOver);
  if (over.some(({ isDropping }) => !isDropping)) {
    await writeEntries(
      context,
      kept.map((one) => (isOver(one) ? { ...one, isDropping: true } : one)),
    );
  }
  return over;
}
