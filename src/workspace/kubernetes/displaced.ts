import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import type { DefinitionFile } from '../platform.ts';
import type { Displaced, StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import { dropDefinition, keepDefinition, keptDefinition, keptPath } from './displaced-definition.ts';
import { dropPaths } from './drop-paths.ts';
import { dropVolume } from './drop-volume.ts';
import { forgetRecord } from './forget-record.ts';
import { giveBackReclaim } from './keep-volumes.ts';
import { VOLUME } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { NOTES, placePath } from './names.ts';
import { displacedOf, displacedPathOf, inOrder } from './path-record.ts';
import { markUnserved } from './served.ts';
import { NOT_OURS, patchVolume, volumeLabels } from './settle-volumes.ts';
import {
  type ClaimSwap,
  forgetSwap,
  listSwaps,
  readSwap,
  type SwapRecord,
  swapRecord,
  writeSwap,
} from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

const SECTION = 'displaced';

/** On a displaced volume, for people: until when it is kept. */
const UNTIL = 'cml-backup/until';

const displacedEntry = z.object({
  operationId: z.string(),
  keptAt: moment,
  until: moment,
  places: z.array(z.string()),
  /** What is needed to put it back after all, or to undo it. */
  swap: swapRecord,
  definition: keptDefinition.optional(),
  /** Noted before the first volume is removed: from then on nobody can have it any more. */
  isDropping: z.boolean().optional(),
});
export type DisplacedEntry = z.infer<typeof displacedEntry>;

export function readEntry(context: KubeContext, operationId: string): Promise<DisplacedEntry | undefined> {
  return recordsOf(context).read(operationId, SECTION, displacedEntry);
}

/** Oldest first; without what a later one has used up. */
export async function readEntries(context: KubeContext): Promise<DisplacedEntry[]> {
  const operations = await recordsOf(context).having(SECTION);
  const entries = (await Promise.all(operations.map((one) => readEntry(context, one)))).filter(
    (one) => one !== undefined,
  );
  const used = entries.map(({ swap }) => swap.undoes);
  return entries
    .filter(({ operationId }) => !used.includes(operationId))
    .sort((one, other) => one.keptAt.localeCompare(other.keptAt));
}

/** Where what an operation displaced is offered. */
export function displacedPath(operationId: string, part: string): string {
  return placePath({ life: 'displaced', operationId, part });
}

/** From here on the swap is settled: what was displaced is only waiting for its time to pass. */
export async function keepDisplaced(
  context: KubeContext,
  operationId: string,
  until: string,
  definition?: DefinitionFile,
): Promise<string[]> {
  const known = await readEntry(context, operationId);
  const swap = await readSwap(context, operationId);
  if (!swap) return known?.places ?? [];
  const entry = known ?? (await describe(context, swap, until, definition));
  if (!known) await recordsOf(context).write(operationId, SECTION, entry);
  await Promise.all(swap.parts.map((part) => settlePart(context, entry, part)));
  if (swap.undoes !== undefined) {
    await dropDefinition(context, swap.undoes);
    await forgetRecord(context, swap.undoes, SECTION);
  }
  await forgetSwap(context, operationId);
  await markUnserved(context, operationId);
  await giveBackReclaim(context);
  return entry.places;
}

async function describe(
  context: KubeContext,
  swap: SwapRecord,
  until: string,
  definition: DefinitionFile | undefined,
): Promise<DisplacedEntry> {
  const { operationId, parts, paths } = swap;
  if ((await stateOfSwap(context, swap)) !== 'committed')
    throw new OperationError('unknown-data', `the swap of operation ${operationId} is not complete`, {
      hint: 'put it back first',
    });
  const kept = definition && (await keepDefinition(context, operationId, definition));
  return {
    ...{ operationId, until, swap, keptAt: context.clock.now().toISOString() },
    places: inOrder(
      parts.map(({ part }) => displacedPath(operationId, part)),
      paths,
      (path) => (path.had ? displacedOf(path) : ''),
    ).filter((place) => place !== ''),
    ...(kept === undefined ? {} : { definition: kept }),
  };
}

/** The old volume is ours to keep, the new one the workspace's; it gets the reclaim policy that the old one had. */
async function settlePart(
  context: KubeContext,
  { operationId, until }: DisplacedEntry,
  part: ClaimSwap,
): Promise<void> {
  await patchVolume(context, part.previous, {
    labels: volumeLabels(context, operationId, part.part, 'displaced'),
    annotations: { [NOTES.swap]: null, [UNTIL]: until },
  });
  const reclaim = part.reclaim === 'Retain' ? null : part.reclaim;
  await patchVolume(context, part.staged, {
    labels: NOT_OURS,
    annotations: { [NOTES.swap]: null, [UNTIL]: null, [NOTES.reclaim]: reclaim },
  });
}

/** What is kept already is put back all the same, unless it is being removed or an undo has used up what it came from. */
export async function reopen(context: KubeContext, { operationId, isDropping, swap }: DisplacedEntry): Promise<void> {
  if (isDropping || swap.undoes !== undefined)
    throw new OperationError('swap-failed', `what ${operationId} displaced cannot be put back any more`, {
      hint: 'ask for an undo of it, or restore a backup',
    });
  await writeSwap(context, swap);
  for (const { previous } of swap.parts)
    await patchVolume(context, previous, { labels: NOT_OURS, annotations: { [UNTIL]: null } });
  await dropDefinition(context, operationId);
  await forgetRecord(context, operationId, SECTION);
}

export async function listDisplaced(context: KubeContext): Promise<Displaced[]> {
  return (await readEntries(context))
    .filter(({ isDropping }) => !isDropping)
    .map(({ definition, ...entry }) => ({
      operationId: entry.operationId,
      until: entry.until,
      parts: placesOf({ ...entry, definition }),
      ...(definition === undefined
        ? {}
        : {
            definition: {
              ...{ path: keptPath(entry.operationId), sha256: definition.sha256, release: definition.release },
            },
          }),
    }));
}

/** All that it displaced, also where that was nothing: an undo takes away what came. */
export function placesOf({ operationId, swap }: DisplacedEntry): StagedPart[] {
  const whole = swap.parts.map(({ part }) => ({ part, path: displacedPath(operationId, part), isRoot: true }));
  return inOrder<StagedPart>(whole, swap.paths, displacedPathOf);
}

/** Removes volumes whose time has passed, and their bytes. One that cannot be removed keeps no other. */
export async function dropDisplaced(context: KubeContext, now: string, held: readonly string[]): Promise<string[]> {
  const swaps = await listSwaps(context);
  const needed = new Set([...held, ...swaps.flatMap(({ operationId, undoes }) => [operationId, undoes])]);
  const over = (await readEntries(context)).filter(
    ({ operationId, until, isDropping }) =>
      isDropping || (Date.parse(until) <= Date.parse(now) && !needed.has(operationId)),
  );
  const removed: string[] = [];
  const failures: unknown[] = [];
  for (const entry of over) {
    try {
      await drop(context, entry);
      removed.push(...entry.places);
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
  return removed;
}

async function drop(context: KubeContext, entry: DisplacedEntry): Promise<void> {
  const { operationId, swap } = entry;
  if (!entry.isDropping) await recordsOf(context).write(operationId, SECTION, { ...entry, isDropping: true });
  await Promise.all(swap.parts.map(({ previous }) => dropVolume(context, previous)));
  await dropPaths(context, operationId, swap.paths);
  await dropDefinition(context, operationId);
  await forgetRecord(context, operationId, SECTION);
}

/** Whether the very volumes that were displaced are all still there. */
export async function isKeptWhole({ cluster }: KubeContext, { swap }: DisplacedEntry): Promise<boolean> {
  const found = await Promise.all(swap.parts.map(({ previous }) => cluster.read(VOLUME, previous.volume)));
  return swap.parts.every(({ previous }, at) => found[at]?.metadata?.uid === previous.uid);
}
