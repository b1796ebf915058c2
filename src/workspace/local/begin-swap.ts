import { OperationError } from '../../errors.ts';
import type { LocalContext } from './context.ts';
import { settleSwap } from './displaced.ts';
import { childNames, childPath, inodeOf, lookOf } from './file-facts.ts';
import { type ConfiguredPart, placesOfPart, RESERVED } from './parts.ts';
import { type Child, listSwaps, type PartSwap, removeSwap, type SwapRecord, writeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

/** How long displaced data is kept whose operation never said how long: a week. */
const KEEP_ABANDONED_MS = 7 * 24 * 3_600_000;

/** Writes down what stands where before anything is moved. Call while holding the lock. */
export async function beginSwap(
  context: LocalContext,
  operationId: string,
  parts: readonly ConfiguredPart[],
): Promise<SwapRecord> {
  await settleOthers(context);
  const swaps: PartSwap[] = [];
  for (const part of parts) swaps.push(await describeSwap(part, operationId));
  const record: SwapRecord = { operationId, served: false, parts: swaps };
  await writeSwap(context, record);
  return record;
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

async function describeSwap(part: ConfiguredPart, operationId: string): Promise<PartSwap> {
  const { way, ...places } = await placesOfPart(part, operationId);
  const stagedInode = await inodeOf(places.stage);
  if (stagedInode === null) {
    throw new OperationError('swap-failed', `nothing is staged for ${part.name}`, {
      hint: `${places.stage} is missing`,
    });
  }
  if (way === 'whole') {
    return { way, part: part.name, ...places, previousInode: await inodeOf(places.root), stagedInode };
  }
  return {
    way,
    part: part.name,
    ...places,
    previous: (await childrenOf(places.root)).filter(({ name }) => !name.startsWith(RESERVED)),
    staged: await childrenOf(places.stage),
    previousLook: await lookOf(places.root),
    stagedLook: await lookOf(places.stage),
    committed: false,
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
