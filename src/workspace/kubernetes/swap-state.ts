import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { assertNotInPlace } from './in-place.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { type ClaimSwap, listSwaps, type SwapRecord } from './swap-record.ts';

/** `between`: a swap has begun and can be finished or put back. `unknown`: somebody else moved things. */
export type SwapState = 'previous' | 'between' | 'committed' | 'unknown';

/** From what stands in the cluster alone. */
export async function stateOfClaim(context: KubeContext, part: ClaimSwap): Promise<SwapState> {
  const { cluster, namespace } = context;
  const [claim, previous] = await Promise.all([
    cluster.read(CLAIM, part.claim, namespace),
    cluster.read(VOLUME, part.previous.volume),
  ]);
  const isPreviousThere = previous?.metadata?.uid === part.previous.uid;
  if (claim !== undefined && isWhole(claim)) {
    const name = claim.spec?.volumeName ?? '';
    if (name === part.previous.volume) return isPreviousThere ? 'previous' : 'unknown';
    if (name !== part.staged.volume) return 'unknown';
    const staged = await cluster.read(VOLUME, name);
    return isPreviousThere && staged?.metadata?.uid === part.staged.uid ? 'committed' : 'unknown';
  }
  const wanted = claim?.spec?.volumeName ?? '';
  const isOurs = wanted === '' || wanted === part.previous.volume || wanted === part.staged.volume;
  return isPreviousThere && isOurs ? 'between' : 'unknown';
}

function isWhole({ metadata, status }: V1PersistentVolumeClaim): boolean {
  return status?.phase === 'Bound' && metadata?.deletionTimestamp === undefined;
}

/** `previous` or `committed` only when every part is; a mixture is `between`, and one unknown part makes it `unknown`. */
export async function stateOfSwap(context: KubeContext, { parts, paths, phase }: SwapRecord): Promise<SwapState> {
  const states = new Set(await Promise.all(parts.map((part) => stateOfClaim(context, part))));
  if (paths.length > 0) states.add(phase === 'committed' ? 'committed' : 'between');
  if (states.has('unknown')) return 'unknown';
  const [state = 'previous', other] = states;
  return other === undefined ? state : 'between';
}

/**
 * Nothing is started while live data is being written in place, or is neither wholly the previous nor wholly the committed
 * one: a StatefulSet that is started without its claim makes an empty one.
 * @throws OperationError `unknown-data`.
 */
export async function assertKnownData(context: KubeContext): Promise<void> {
  await assertNotInPlace(context);
  for (const swap of await listSwaps(context)) {
    const state = await stateOfSwap(context, swap);
    if (state === 'previous' || state === 'committed') continue;
    const what = state === 'between' ? 'is neither wholly the previous nor the committed one' : 'was moved by others';
    throw new OperationError('unknown-data', `The data of operation ${swap.operationId} ${what}.`, {
      hint: `nothing is started on it; it has to be put back first: look at the claims ${[...swap.parts.map(({ claim }) => claim), ...swap.paths.map(({ part }) => part)].join(', ')}`,
    });
  }
}
