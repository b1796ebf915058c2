import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import type { LocalContext } from './context.ts';
import { type DisplacedEntry, readEntries } from './displaced.ts';
import { childNames, childPath, inodeOf } from './file-facts.ts';
import { configuredPart, type PartPlaces, placesOfPart, placesOfPath } from './parts.ts';
import { type PartSwap, stagedPartOf } from './swap-record.ts';

/** What an earlier operation displaced, as staged places of another one; looks only. */
export async function stageDisplaced(
  context: LocalContext,
  operationId: string,
  fromOperationId: string,
): Promise<StagedPart[]> {
  const entry = (await readEntries(context)).find((one) => one.operationId === fromOperationId);
  if (!entry || entry.isDropping) throw notKept(fromOperationId);
  let changes = 0;
  for (const [index, kept] of entry.swap.parts.entries()) {
    const { root } = await placesOfUndo(context, operationId, kept, index);
    await assertKeptWhole(kept, fromOperationId);
    if (bringsSomething(kept) || (await inodeOf(root)) !== null) changes += 1;
  }
  if (changes === 0) throw notKept(fromOperationId);
  return entry.swap.parts.map(stagedPartOf);
}

/** The entry that a staged place was offered from, if it was. */
export async function entryOffering(
  context: LocalContext,
  staged: readonly StagedPart[],
): Promise<DisplacedEntry | undefined> {
  const holds = (entry: DisplacedEntry, path: string) => entry.swap.parts.some(({ displaced }) => displaced === path);
  const entry = (await readEntries(context)).find((one) => staged.some(({ path }) => holds(one, path)));
  if (!entry) return undefined;
  if (entry.isDropping) throw notKept(entry.operationId);
  const isAll = staged.length === entry.swap.parts.length && staged.every(({ path }) => holds(entry, path));
  if (isAll) return entry;
  throw new OperationError(
    'swap-failed',
    `an undo brings in all that ${entry.operationId} displaced, and nothing else`,
  );
}

function bringsSomething(kept: PartSwap): boolean {
  return kept.way === 'children' || kept.previousInode !== null;
}

/** Where it has to go now. @throws OperationError `part-missing` when the part does not lie where it lay then. */
export async function placesOfUndo(
  { settings }: LocalContext,
  operationId: string,
  kept: PartSwap,
  index: number,
): Promise<PartPlaces> {
  const part = configuredPart(settings, kept.part);
  const places = await (kept.way === 'path'
    ? placesOfPath(part, kept.within, operationId, index)
    : placesOfPart(part, operationId));
  if (places.root === kept.root && places.way === kept.way) return places;
  throw new OperationError('part-missing', `${kept.part} does not lie at ${kept.root} any more`, {
    hint: `what was displaced is at ${kept.displaced}; bring it back by hand, or put the part where it was`,
  });
}

/** Whole means the very folders and files that were displaced, told by their inodes. */
export async function assertKeptWhole(kept: PartSwap, fromOperationId: string): Promise<void> {
  if (!(await isKeptWhole(kept))) throw notKept(fromOperationId, kept.displaced);
}

async function isKeptWhole(kept: PartSwap): Promise<boolean> {
  if (kept.way !== 'children') return (await inodeOf(kept.displaced)) === kept.previousInode;
  if ((await childNames(kept.displaced)).length !== kept.previous.length) return false;
  for (const { name, inode } of kept.previous) {
    if ((await inodeOf(childPath(kept.displaced, name))) !== inode) return false;
  }
  return true;
}

function notKept(operationId: string, where?: string): OperationError {
  const what = where === undefined ? '' : `, ${where} is not what it was`;
  return new OperationError('part-missing', `what ${operationId} displaced is not kept any more${what}`, {
    hint: 'restore a backup instead: cml list',
  });
}
