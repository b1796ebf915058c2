import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { StagedPart, StageWish } from '../swaps.ts';
import { isSibling, whyNotBeside } from './beside.ts';
import { carryOver } from './carry-over.ts';
import type { KubeContext } from './context.ts';
import { dropPlaces } from './drop-places.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { keepClaim } from './keep-claim.ts';
import { CLAIM } from './kinds.ts';
import { claimNameOf, placePath } from './names.ts';
import { largestOf } from './quantity.ts';
import { readStorage } from './read-storage.ts';
import { releasePaths } from './release-paths.ts';
import { giveUpSwap, volumeLabels } from './settle-volumes.ts';
import { keepSibling } from './sibling-share.ts';
import { type PathWish, stagePaths } from './stage-paths.ts';
import { readSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';

/**
 * A new claim for each part, of the same class and at least as large as the live one. Nobody waits until it is bound: under
 * WaitForFirstConsumer the Job that fills it is the first consumer. What an earlier life began to fill is taken up again.
 * @throws OperationError `preflight-failed` for what cannot be built beside.
 */
export async function stageWishes(
  context: KubeContext,
  operationId: string,
  wishes: readonly StageWish[],
): Promise<StagedPart[]> {
  const storage = await readStorage(context);
  const found = (await findParts(context, storage)).parts;
  const staged: StagedPart[] = [];
  const wanted = wishes.map((wish) => {
    const part = found.find((candidate) => candidate.name === wish.part);
    if (part) return { wish, part };
    throw new OperationError('part-missing', `${wish.part} is not there: no claim of ${context.namespace} holds it`);
  });
  const whole = wanted.filter(({ wish }) => wish.within === undefined).map(({ part }) => part);
  for (const part of whole) {
    const why = whyNotBeside(part, storage.classes, context.settings);
    if (why !== undefined) throw cannotStage(part.name, why);
    if (wishes.filter(({ part: name }) => name === part.name).length > 1)
      throw cannotStage(part.name, 'it is asked for twice');
  }
  const paths = wanted.flatMap(({ wish: { within, is = 'folder', bytes = 0 }, part }, position): PathWish[] =>
    within === undefined ? [] : [{ part, within, is, bytes, position }],
  );
  if (paths.length > 0) staged.push(...(await stagePaths(context, operationId, paths)));
  for (const part of whole) staged.push(await stageWhole(context, operationId, part));
  return wishes.flatMap(({ part, within }) => staged.find((one) => one.part === part && one.within === within) ?? []);
}

async function stageWhole(context: KubeContext, operationId: string, part: FoundPart): Promise<StagedPart> {
  const { name } = part;
  if (isSibling(part, context.settings)) await keepSibling(context, operationId, part);
  else await keepClaim(context, stagedClaim(context, operationId, part));
  if (part.backing?.within) await carryOver(context, operationId, name, part.backing.within);
  return { part: name, path: placePath({ life: 'staged', operationId, part: name }), isRoot: true };
}

function cannotStage(name: string, why: string): OperationError {
  return new OperationError('preflight-failed', `${name} cannot be built beside the live data: ${why}`, {
    hint: 'nothing was changed',
  });
}

function stagedClaim(context: KubeContext, operationId: string, part: FoundPart): V1PersistentVolumeClaim {
  const { claim } = part.backing ?? part;
  const { accessModes, storageClassName, volumeMode, resources } = claim.spec ?? {};
  return {
    apiVersion: CLAIM.apiVersion,
    kind: CLAIM.kind,
    metadata: {
      name: claimNameOf('staged', operationId, part.name),
      namespace: context.namespace,
      labels: volumeLabels(context, operationId, part.name, 'staged'),
    },
    spec: {
      ...(accessModes === undefined ? {} : { accessModes }),
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...(volumeMode === undefined ? {} : { volumeMode }),
      resources: { requests: { storage: largestOf([resources?.requests?.storage, claim.status?.capacity?.storage]) } },
    },
  };
}

/**
 * Removes what was staged, unless a swap still needs it: one that stands half-way, or one that is committed and whose
 * displaced data nobody has decided to keep yet, is left exactly as it is.
 */
export async function releaseStage(context: KubeContext, operationId: string): Promise<void> {
  const swap = await readSwap(context, operationId);
  const state = swap ? await stateOfSwap(context, swap) : 'previous';
  if (state !== 'previous') {
    context.log.warn({ operationId, state }, 'a swap is not settled, so its volumes are left as they are');
    return;
  }
  if (swap) await giveUpSwap(context, swap);
  await releasePaths(context, operationId);
  await dropPlaces(context, operationId, 'staged');
}
