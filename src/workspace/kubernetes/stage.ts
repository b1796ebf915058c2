import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { StagedPart, StageWish } from '../platform.ts';
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
import { giveUpSwap, volumeLabels } from './settle-volumes.ts';
import { keepSibling } from './sibling-share.ts';
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
  const parts = wishes.map(({ part: name, within }) => {
    const part = found.find((candidate) => candidate.name === name);
    if (!part)
      throw new OperationError('part-missing', `${name} is not there: no claim of ${context.namespace} holds it`);
    const why = within === undefined ? whyNotBeside(part, storage.classes, context.settings) : whyNotWithin(name);
    if (why !== undefined) throw cannotStage(name, why);
    return part;
  });
  const twice = wishes.find(({ part }, at) => wishes.findIndex((other) => other.part === part) !== at);
  if (twice) throw cannotStage(twice.part, 'it is asked for twice');
  for (const part of parts) {
    if (isSibling(part, context.settings)) await keepSibling(context, operationId, part);
    else await keepClaim(context, stagedClaim(context, operationId, part));
    if (part.backing?.within) await carryOver(context, operationId, part.name, part.backing.within);
  }
  return parts.map(({ name }) => ({
    part: name,
    path: placePath({ life: 'staged', operationId, part: name }),
    isRoot: true,
  }));
}

function whyNotWithin(name: string): string {
  return `single paths of ${name} cannot be swapped on this platform; restore it whole`;
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
  await dropPlaces(context, operationId, 'staged');
}
