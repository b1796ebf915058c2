import { OperationError } from '../../errors.ts';
import type { LocalContext } from './context.ts';
import { childPath, inodeOf } from './file-facts.ts';
import { assertNotInPlace } from './in-place.ts';
import {
  type Child,
  type ChildrenSwap,
  listSwaps,
  type PartSwap,
  type PathSwap,
  readSwap,
  type SwapRecord,
  type WholeSwap,
  writeSwap,
} from './swap-record.ts';

/** `between`: a swap has begun and can be finished or put back. `unknown`: someone else moved things. */
export type SwapState = 'previous' | 'between' | 'committed' | 'unknown';

export function stateOfPart(part: PartSwap): Promise<SwapState> {
  if (part.way === 'path') return stateOfPath(part);
  return part.way === 'whole' ? stateOfWhole(part) : stateOfChildren(part);
}

async function stateOfWhole(part: WholeSwap): Promise<SwapState> {
  const root = await inodeOf(part.root);
  if (root === part.previousInode) return 'previous';
  if (root !== null) return root === part.stagedInode ? 'committed' : 'unknown';
  if ((await inodeOf(part.displaced)) !== part.previousInode) return 'unknown';
  return part.stagedInode === null ? 'committed' : 'between';
}

async function stateOfPath({ phase, root, displaced, previousInode, stagedInode }: PathSwap): Promise<SwapState> {
  const isAway = previousInode === null || (await inodeOf(displaced)) === previousInode;
  if (phase === 'committed') return isAway ? 'committed' : 'unknown';
  const live = await inodeOf(root);
  if (live === previousInode) return 'previous';
  if (!isAway) return 'unknown';
  // Where nothing was before, only what was staged may have been put there by us, until services ran on it.
  return previousInode === null && phase === 'begun' && live !== stagedInode ? 'unknown' : 'between';
}

async function stateOfChildren(part: ChildrenSwap): Promise<SwapState> {
  const away = await countAt(part.displaced, part.previous);
  if (part.committed) return away === part.previous.length ? 'committed' : 'between';
  const atHome = await countAt(part.root, part.previous);
  const incoming = await countAt(part.root, part.staged);
  // The folder for the displaced is made first and removed last: while it stands, the root's own look may be the new one.
  const hasBegun = (await inodeOf(part.displaced)) !== null;
  if (atHome === part.previous.length && incoming === 0 && !hasBegun) return 'previous';
  return atHome + away === part.previous.length ? 'between' : 'unknown';
}

async function countAt(folder: string, children: readonly Child[]): Promise<number> {
  let count = 0;
  for (const { name, inode } of children) if ((await inodeOf(childPath(folder, name))) === inode) count += 1;
  return count;
}

/** `previous` or `committed` only when every part is; a mixture is `between`, and one unknown part makes it `unknown`. */
export async function stateOfSwap(record: SwapRecord): Promise<SwapState> {
  const states: SwapState[] = [];
  for (const part of record.parts) states.push(await stateOfPart(part));
  if (states.includes('unknown')) return 'unknown';
  const [first = 'previous'] = states;
  return states.every((state) => state === first) ? first : 'between';
}

/**
 * @throws OperationError `unknown-data` unless nothing is being written in place and all parts of every open swap are
 * previous, or all committed.
 */
export async function assertDataIsKnown(context: LocalContext): Promise<void> {
  await assertNotInPlace(context);
  for (const record of await listSwaps(context)) {
    const state = await stateOfSwap(record);
    if (state === 'previous' || state === 'committed') continue;
    const what = state === 'between' ? 'stands half-way' : 'left folders that someone else moved since';
    throw new OperationError('unknown-data', `the swap of operation ${record.operationId} ${what}`, {
      hint: `nothing is started on data of unknown state; look at ${record.parts.map(({ root }) => root).join(', ')}`,
    });
  }
}

/** Call while holding the lock. */
export async function markSwapServed(context: LocalContext): Promise<void> {
  for (const record of await listSwaps(context)) {
    if (!record.served && (await stateOfSwap(record)) === 'committed') {
      await writeSwap(context, { ...record, served: true });
    }
  }
}

/** Call while holding the lock, before services that ran on new data are stopped: whoever acts then puts the old back. */
export async function markSwapUnserved(context: LocalContext, operationId: string): Promise<void> {
  const record = await readSwap(context, operationId);
  if (record?.served) await writeSwap(context, { ...record, served: false });
}
