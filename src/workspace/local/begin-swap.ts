import { basename, dirname, join } from 'node:path';
import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import type { LocalContext } from './context.ts';
import { type DisplacedEntry, settleSwap } from './displaced.ts';
import { childNames, childPath, inodeOf, type Look, lookOf, RESERVED } from './file-facts.ts';
import { configuredPart, type PartPlaces, placesOfPart, placesOfPath } from './parts.ts';
import { type Child, listSwaps, type PartSwap, removeSwap, type SwapRecord, writeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { assertKeptWhole, entryOffering, placesOfUndo } from './undo.ts';

/** How long displaced data is kept whose operation never said how long: a week. */
const KEEP_ABANDONED_MS = 7 * 24 * 3_600_000;

/** Writes down what stands where before anything is moved. Call while holding the lock. */
export async function beginSwap(
  context: LocalContext,
  operationId: string,
  staged: readonly StagedPart[],
): Promise<SwapRecord> {
  await settleOthers(context);
  const undone = await entryOffering(context, staged);
  const parts: PartSwap[] = [];
  for (const [index, place] of staged.entries()) {
    const described = await (undone
      ? describeUndo(context, operationId, undone, place, index)
      : describeStaged(context, operationId, place, index));
    if (!isNothing(described)) parts.push(described);
  }
  if (parts.length === 0) throw new OperationError('swap-failed', 'there is nothing to swap any more');
  const record: SwapRecord = {
    operationId,
    served: false,
    ...(undone ? { undoes: undone.operationId } : {}),
    parts,
  };
  await writeSwap(context, record);
  return record;
}

/** Of an undo: what was not there before is gone again already. */
function isNothing(part: PartSwap): boolean {
  return part.way !== 'children' && part.previousInode === null && part.stagedInode === null;
}

/** What an operation left that ended before it could settle its swap: harmless when untouched or served. */
async function settleOthers(context: LocalContext): Promise<void> {
  for (const other of await listSwaps(context)) {
    const state = await stateOfSwap(other);
    if (state === 'previous') {
      await removeSwap(context, other.operationId);
    } else if (state === 'committed' && other.served) {
      const until = new Date(context.clock.now().getTime() + KEEP_ABANDONED_MS).toISOString();
      await settleSwap(context, other.operationId, until);
    } else {
      throw new OperationError('swap-failed', `the swap of operation ${other.operationId} is not settled yet`, {
        hint: 'it has to be put back first: see how that operation ended',
      });
    }
  }
}

/** What is brought in, and where it stands. */
interface Incoming {
  readonly part: string;
  readonly within?: string | undefined;
  readonly stage: string;
  readonly inode: string | null;
  /** Of a part whose children are moved. */
  readonly children: readonly Child[];
  readonly look?: Look;
}

async function describeStaged(
  context: LocalContext,
  operationId: string,
  { part: name, within, is }: StagedPart,
  index: number,
): Promise<PartSwap> {
  const part = configuredPart(context.settings, name);
  const places = await (within === undefined
    ? placesOfPart(part, operationId)
    : placesOfPath(part, within, operationId, index));
  const stage = is === 'file' && within !== undefined ? join(places.stage, basename(within)) : places.stage;
  const inode = await inodeOf(stage);
  if (inode === null) {
    throw new OperationError('swap-failed', `nothing is staged for ${within ?? name}`, { hint: `${stage} is missing` });
  }
  const children = places.way === 'children' ? await childrenOf(stage) : [];
  return describeSwap(places, { part: name, within, stage, inode, children, look: await lookOf(stage) });
}

async function describeUndo(
  context: LocalContext,
  operationId: string,
  undone: DisplacedEntry,
  { path }: StagedPart,
  index: number,
): Promise<PartSwap> {
  const kept = undone.swap.parts.find(({ displaced }) => displaced === path);
  if (!kept) throw new OperationError('part-missing', `${path} is not kept any more`);
  await assertKeptWhole(kept, undone.operationId);
  const places = await placesOfUndo(context, operationId, kept, index);
  const { part, displaced: stage } = kept;
  if (kept.way === 'children') {
    return describeSwap(places, { part, stage, inode: null, children: kept.previous, look: kept.previousLook });
  }
  const within = kept.way === 'path' ? kept.within : undefined;
  return describeSwap(places, { part, within, stage, inode: kept.previousInode, children: [] });
}

async function describeSwap(places: PartPlaces, incoming: Incoming): Promise<PartSwap> {
  const { way, root, displaced, stage: discard } = places;
  const { part, within, stage, inode: stagedInode } = incoming;
  const common = { part, root, stage, displaced };
  if (way === 'whole') return { way, ...common, previousInode: await inodeOf(root), stagedInode };
  if (way === 'path') {
    const folderLook = await lookOf(dirname(root));
    const previousInode = await inodeOf(root);
    return { way, ...common, within: within ?? '', previousInode, stagedInode, folderLook, phase: 'begun', discard };
  }
  const previousLook = await lookOf(root);
  return {
    way,
    ...common,
    previous: (await childrenOf(root)).filter(({ name }) => !name.startsWith(RESERVED)),
    staged: [...incoming.children],
    previousLook,
    stagedLook: incoming.look ?? previousLook,
    committed: false,
    discard,
  };
}

async function childrenOf(folder: string): Promise<Child[]> {
  const children: Child[] = [];
  for (const name of await childNames(folder)) {
    const inode = await inodeOf(childPath(folder, name));
    if (inode !== null) children.push({ name, inode });
  }
  return children;
}
