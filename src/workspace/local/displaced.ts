import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { inodeOf } from './file-facts.ts';
import { removeTree } from './remove-tree.ts';
import { readState, removeState, writeState } from './state-file.ts';
import { readSwap, removeSwap, type SwapRecord, swapRecord } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

const entry = z.object({
  operationId: z.string(),
  until: moment,
  places: z.array(z.string()),
  /** What is needed to put it back after all. */
  swap: swapRecord,
});
const entries = z.array(entry);
type Entry = z.infer<typeof entry>;

async function readEntries(context: LocalContext): Promise<Entry[]> {
  return (await readState(stateFiles.displaced(context.folder), entries)) ?? [];
}

async function writeEntries(context: LocalContext, kept: readonly Entry[]): Promise<void> {
  const path = stateFiles.displaced(context.folder);
  await (kept.length === 0 ? removeState(path) : writeState(path, kept));
}

export async function keptSwap(context: LocalContext, operationId: string): Promise<SwapRecord | undefined> {
  return (await readEntries(context)).find((one) => one.operationId === operationId)?.swap;
}

/** Call while holding the lock. */
export async function unkeep(context: LocalContext, operationId: string): Promise<void> {
  await writeEntries(
    context,
    (await readEntries(context)).filter((one) => one.operationId !== operationId),
  );
}

/** From here on the swap is settled: what was displaced is only waiting for its time to pass. */
export function keepDisplaced(context: LocalContext, operationId: string, until: string): Promise<string[]> {
  return context.lock.hold(() => settleSwap(context, operationId, until));
}

/** Call while holding the lock. */
export async function settleSwap(context: LocalContext, operationId: string, until: string): Promise<string[]> {
  const kept = await readEntries(context);
  const known = kept.find((one) => one.operationId === operationId);
  const swap = await readSwap(context, operationId);
  if (!known && !swap) return [];
  const places = known?.places ?? (await displacedPlaces(operationId, swap));
  if (!known && swap) await writeEntries(context, [...kept, { operationId, until, places, swap }]);
  await removeSwap(context, operationId);
  return places;
}

async function displacedPlaces(operationId: string, swap: SwapRecord | undefined): Promise<string[]> {
  if (!swap || (await stateOfSwap(swap)) !== 'committed') {
    throw new OperationError('unknown-data', `the swap of operation ${operationId} is not complete`, {
      hint: 'put it back first',
    });
  }
  const places: string[] = [];
  for (const { displaced } of swap.parts) if ((await inodeOf(displaced)) !== null) places.push(displaced);
  return places;
}

export async function dropDisplaced(context: LocalContext, now: string): Promise<string[]> {
  const removed: string[] = [];
  for (const old of (await readEntries(context)).filter(({ until }) => Date.parse(until) <= Date.parse(now))) {
    for (const place of old.places) await removeTree(place);
    await context.lock.hold(() => unkeep(context, old.operationId));
    removed.push(...old.places);
  }
  return removed;
}
