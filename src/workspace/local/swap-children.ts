import { randomUUID } from 'node:crypto';
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { OperationError } from '../../errors.ts';
import { codeOf } from '../system-error.ts';
import { childNames, childPath, inodeOf, RESERVED } from './file-facts.ts';
import { giveLook } from './give-look.ts';
import { moved } from './swap-part.ts';
import type { Child, ChildrenSwap } from './swap-record.ts';
import { stateOfPart } from './swap-state.ts';

/** The children of a mount point, one by one; the caller notes `committed` afterwards. */
export async function commitChildren(part: ChildrenSwap): Promise<void> {
  const state = await stateOfPart(part);
  if (state === 'committed') return;
  if (state === 'unknown') throw moved(part);
  await mkdir(part.displaced, { recursive: true, mode: 0o700 });
  await moveAll(part.previous, part.root, part.displaced);
  const strangers = await strangersIn(part.root, part.staged);
  if (strangers.length > 0) throw appeared(part, strangers);
  await moveAll(part.staged, part.stage, part.root);
  // Before the look is given: removed later, it would change the time of the part's own folder once more.
  await removeEmptyFolder(part.stage);
  await giveLook(part.root, part.stagedLook);
  await syncFolder(part.root);
}

/** The caller takes `committed` back first, so that a crash in here reads as half-way. */
export async function revertChildren(part: ChildrenSwap): Promise<void> {
  const state = await stateOfPart(part);
  if (state === 'previous') return;
  if (state === 'unknown') throw moved(part);
  await sendBack(part);
  await moveAll(part.previous, part.displaced, part.root);
  await giveLook(part.root, part.previousLook);
  await removeEmptyFolder(part.displaced);
  await giveLook(part.root, part.previousLook);
  await syncFolder(part.root);
}

/**
 * What came with the swap goes back to where it came from: an undone operation still keeps it there. Whatever services
 * made since goes into a folder of this operation, under names that cannot collide.
 */
async function sendBack({ root, stage, staged, previous, discard = stage }: ChildrenSwap): Promise<void> {
  await mkdir(stage, { recursive: true, mode: 0o700 });
  for (const name of await strangersIn(root, previous)) {
    const inode = await inodeOf(childPath(root, name));
    // Services may have renamed it meanwhile.
    const origin =
      staged.find((child) => child.inode === inode && child.name === name) ??
      staged.find((child) => child.inode === inode);
    const isVacant = origin && (await inodeOf(childPath(stage, origin.name))) === null;
    if (!isVacant) await mkdir(discard, { recursive: true, mode: 0o700 });
    await rename(childPath(root, name), isVacant ? childPath(stage, origin.name) : join(discard, randomUUID()));
  }
}

async function moveAll(children: readonly Child[], from: string, to: string): Promise<void> {
  for (const { name, inode } of children) {
    if ((await inodeOf(childPath(to, name))) === inode) continue;
    await rename(childPath(from, name), childPath(to, name));
  }
  await syncFolder(to);
}

/** Names in the part that are neither ours nor among the given ones. */
async function strangersIn(root: string, known: readonly Child[]): Promise<string[]> {
  const strangers: string[] = [];
  for (const name of await childNames(root)) {
    if (name.startsWith(RESERVED)) continue;
    const inode = await inodeOf(childPath(root, name));
    if (inode !== null && !known.some((child) => child.name === name && child.inode === inode)) strangers.push(name);
  }
  return strangers;
}

export async function removeEmptyFolder(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT' && codeOf(cause) !== 'ENOTEMPTY') throw cause;
  }
}

function appeared(part: ChildrenSwap, names: readonly string[]): OperationError {
  return new OperationError('swap-failed', `${names[0]} appeared in ${part.root} while its data was being swapped`, {
    hint: 'something wrote there though services were stopped; find it and try again',
  });
}
