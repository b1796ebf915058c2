import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { inodeOf, isFolder } from './file-facts.ts';
import { giveLook } from './give-look.ts';
import { moved } from './swap-part.ts';
import type { PathSwap } from './swap-record.ts';
import { stateOfPart } from './swap-state.ts';

/** A path of a part, out and in; the caller notes `committed` afterwards. */
export async function commitPath(part: PathSwap): Promise<void> {
  const { root, stage, displaced, previousInode, stagedInode } = part;
  const state = await stateOfPart(part);
  if (state === 'committed') return;
  if (state === 'unknown') throw moved(part);
  if (previousInode !== null && (await inodeOf(root)) === previousInode) await move(root, displaced);
  const live = await inodeOf(root);
  if (live !== null && live !== stagedInode) throw moved(part);
  // A rename would silently replace a file, so it is only done where nothing stands.
  if (live === null && stagedInode !== null) await move(stage, root);
}

/** The caller notes `reverting` first, so that a crash in here reads as half-way whatever services have left there. */
export async function revertPath(part: PathSwap): Promise<void> {
  const { root, stage, displaced, previousInode, stagedInode } = part;
  const state = await stateOfPart(part);
  if (state === 'unknown') throw moved(part);
  if (state === 'previous') return;
  const live = await inodeOf(root);
  if (live !== null) await move(root, live === stagedInode ? stage : await discardPlace(part));
  if (previousInode !== null) await move(displaced, root);
}

/** Renames changed the time of the folder that holds the path. */
export async function giveFolderLook({ root, folderLook }: PathSwap): Promise<void> {
  if (await isFolder(dirname(root))) await giveLook(dirname(root), folderLook);
}

async function discardPlace({ discard }: PathSwap): Promise<string> {
  await mkdir(discard, { recursive: true, mode: 0o700 });
  return join(discard, randomUUID());
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
  await syncFolder(dirname(from));
}
