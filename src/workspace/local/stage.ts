import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { OperationError } from '../../errors.ts';
import type { StagedPart, StageWish } from '../swaps.ts';
import type { LocalContext } from './context.ts';
import { forgetDefinition } from './displaced.ts';
import { childNames, inodeOf, isFolder, lookOf } from './file-facts.ts';
import { giveOwnerAndMode } from './give-look.ts';
import { isWithin } from './mounts.ts';
import {
  assertNothingMountedInside,
  configuredPart,
  configuredParts,
  type PartPlaces,
  placesOfPart,
  placesOfPath,
  stagedPlaces,
} from './parts.ts';
import { removeTree } from './remove-tree.ts';
import { removeEmptyFolder } from './swap-children.ts';
import { readSwap, removeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

/** Empty folders with the owner and mode of what they will replace. */
export async function stageWishes(
  context: LocalContext,
  operationId: string,
  wishes: readonly StageWish[],
): Promise<StagedPart[]> {
  const places: PartPlaces[] = [];
  for (const [index, wish] of wishes.entries()) places.push(await placesOfWish(context, operationId, wish, index));
  refuseNested(wishes, places);
  const staged: StagedPart[] = [];
  for (const [index, place] of places.entries()) {
    const { part = '', within, is } = wishes[index] ?? {};
    await makeEmpty(place, is ?? 'folder');
    staged.push({ part, ...(within === undefined ? {} : { within }), ...(is ? { is } : {}), path: place.stage });
  }
  return staged;
}

async function placesOfWish(
  context: LocalContext,
  operationId: string,
  { part: name, within }: StageWish,
  index: number,
): Promise<PartPlaces> {
  const part = configuredPart(context.settings, name);
  if (within !== undefined) return placesOfPath(part, within, operationId, index);
  await assertNothingMountedInside(part);
  return placesOfPart(part, operationId);
}

/** By where they really lie: two names may lead to one place. */
function refuseNested(wishes: readonly StageWish[], places: readonly PartPlaces[]): void {
  const nameOf = (index: number) => wishes[index]?.within ?? wishes[index]?.part;
  for (const [index, { root }] of places.entries()) {
    const outer = places.findIndex((other, at) => at !== index && isWithin(root, other.root));
    if (outer < 0) continue;
    throw new OperationError(
      'preflight-failed',
      `${nameOf(index)} lies inside ${nameOf(outer)}, which comes back too`,
      {
        hint: 'name each place once',
      },
    );
  }
}

async function makeEmpty({ root, stage }: PartPlaces, is: 'folder' | 'file'): Promise<void> {
  if ((await childNames(stage)).length > 0) await removeStage(stage);
  await mkdir(stage, { recursive: true, mode: 0o700 });
  // A single file brings its own look along; this is only the folder that it is put into.
  if (is === 'folder') {
    // What is missing, or is no folder, leaves no example; then ordinary rights will do.
    const example = (await isFolder(root)) ? await lookOf(root) : { ...(await lookOf(stage)), mode: 0o755 };
    await giveOwnerAndMode(stage, example);
  }
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
    // A part whose very parent is gone has nothing of ours beside it.
    if ((await inodeOf(dirname(part.path))) === null) continue;
    for (const place of await stagedPlaces(part, operationId)) await removeTree(place);
    const { way, displaced } = await placesOfPart(part, operationId);
    if (way === 'children') await removeEmptyFolder(displaced);
  }
  await context.lock.hold(async () => {
    await removeSwap(context, operationId);
    await forgetDefinition(context, operationId);
  });
}

/** With what the mover was restoring for it. */
async function removeStage(stage: string): Promise<void> {
  await removeTree(`${stage}.partial`);
  await removeTree(stage);
}
