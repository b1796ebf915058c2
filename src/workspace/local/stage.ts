import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { childNames, inodeOf, lookOf } from './file-facts.ts';
import { giveOwnerAndMode } from './give-look.ts';
import {
  type ConfiguredPart,
  configuredPart,
  configuredParts,
  mountedInside,
  type PartPlaces,
  placesOfPart,
} from './parts.ts';
import { removeTree } from './remove-tree.ts';
import { removeEmptyFolder } from './swap-children.ts';
import { readSwap, removeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

/** Empty folders with the owner and mode of what they will replace. */
export async function stageParts(
  context: LocalContext,
  operationId: string,
  names: readonly string[],
): Promise<StagedPart[]> {
  const staged: StagedPart[] = [];
  const parts = names.map((name) => configuredPart(context.settings, name));
  for (const part of parts) await assertNothingMountedInside(part);
  for (const part of parts) {
    const places = await placesOfPart(part, operationId);
    await makeEmpty(places);
    staged.push({ part: part.name, path: places.stage });
  }
  return staged;
}

async function assertNothingMountedInside(part: ConfiguredPart): Promise<void> {
  const [point] = await mountedInside(part);
  if (point === undefined) return;
  throw new OperationError('preflight-failed', `a file system is mounted inside ${part.name}: ${point}`, {
    hint: 'moving the part would carry it off: unmount it, or mount it elsewhere and make it a part of its own',
  });
}

async function makeEmpty({ root, stage }: PartPlaces): Promise<void> {
  if ((await childNames(stage)).length > 0) await removeStage(stage);
  await mkdir(stage, { recursive: true, mode: 0o700 });
  // A part that is missing leaves no example; then ordinary rights will do.
  const example = (await inodeOf(root)) === null ? { ...(await lookOf(stage)), mode: 0o755 } : await lookOf(root);
  await giveOwnerAndMode(stage, example);
  await syncFolder(dirname(stage));
}

/**
 * Removes what was staged, unless a swap still needs it: one that stands half-way, or one that is committed and whose
 * displaced data nobody has decided to keep yet, is left exactly as it is.
 */
export async function releaseStage(context: LocalContext, operationId: string): Promise<void> {
  const swap = await readSwap(context, operationId);
  const state = swap ? await stateOfSwap(swap) : 'previous';
  if (state !== 'previous') {
    context.log.warn({ operationId, state }, 'a swap is not settled, so its folders are left as they are');
    return;
  }
  for (const part of configuredParts(context.settings)) {
    const places = await placesIfReachable(part, operationId);
    if (!places) continue;
    await removeStage(places.stage);
    if (places.way === 'children') await removeEmptyFolder(places.displaced);
  }
  await context.lock.hold(() => removeSwap(context, operationId));
}

/** With what the mover was restoring for it. */
async function removeStage(stage: string): Promise<void> {
  await removeTree(`${stage}.partial`);
  await removeTree(stage);
}

/** A part whose very parent is gone has nothing of ours beside it. */
async function placesIfReachable(
  part: { name: string; path: string },
  operationId: string,
): Promise<PartPlaces | undefined> {
  if ((await inodeOf(dirname(part.path))) === null) return undefined;
  return placesOfPart(part, operationId);
}
