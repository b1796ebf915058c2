import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import type { LocalContext } from './context.ts';
import { removeTree } from './remove-tree.ts';

/** Room that stays free on the disk of the scratch places: services may be writing to the same one. */
const KEPT_FREE = 0.05;

/** Empty folders in our own state folder, away from everything live. */
export async function makeScratch(
  context: LocalContext,
  operationId: string,
  parts: readonly { readonly name: string; readonly bytes: number }[],
): Promise<StagedPart[]> {
  const folder = scratchFolder(context, operationId);
  await removeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, blocks, bsize } = await statfs(folder);
  const needed = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = bavail * bsize - blocks * bsize * KEPT_FREE;
  if (needed > free) {
    throw new OperationError('preflight-failed', `there is no room in ${context.folder} to bring the backup back`, {
      hint: `it needs ${Math.ceil((needed - free) / 1e6)} MB more; free some, or move the data folder`,
    });
  }
  const places = parts.map(({ name }) => ({ part: name, path: join(folder, name) }));
  for (const { path } of places) await mkdir(path, { mode: 0o700 });
  return places;
}

export function releaseScratch(context: LocalContext, operationId: string): Promise<void> {
  return removeTree(scratchFolder(context, operationId));
}

/** One folder for each part by its name. */
export function scratchFolder({ folder }: LocalContext, operationId: string): string {
  return join(folder, `.cml-${operationId}-scratch`);
}
