import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { OperationError } from '../../errors.ts';
import { inodeOf } from './file-facts.ts';
import type { WholeSwap } from './swap-record.ts';
import { stateOfPart } from './swap-state.ts';

/** Two renames in one folder; every state between them is told by the inodes. */
export async function commitWhole(part: WholeSwap): Promise<void> {
  const state = await stateOfPart(part);
  if (state === 'committed') return;
  if (state === 'unknown') throw moved(part);
  if (state === 'previous' && part.previousInode !== null) await move(part.root, part.displaced);
  if (part.stagedInode !== null) await move(part.stage, part.root);
}

export async function revertWhole(part: WholeSwap): Promise<void> {
  const state = await stateOfPart(part);
  if (state === 'previous') return;
  if (state === 'unknown') throw moved(part);
  if (part.previousInode !== null && (await inodeOf(part.displaced)) !== part.previousInode) throw moved(part);
  if (state === 'committed' && part.stagedInode !== null) await move(part.root, part.stage);
  if (part.previousInode !== null) await move(part.displaced, part.root);
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

export function moved(part: { readonly part: string; readonly root: string }): OperationError {
  return new OperationError('swap-failed', `${part.root} (${part.part}) is not what it was when the swap began`, {
    hint: 'someone moved it; put it back by hand, then run `cml start`',
  });
}
