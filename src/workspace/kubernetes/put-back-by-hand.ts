import type { RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { readOrder } from './guard-order.ts';
import { putBackUnserved } from './guard-put-back.ts';
import { putBackOf } from './guard-swaps.ts';
import { assertNotInPlace } from './in-place.ts';
import { readLedger } from './ledger.ts';
import { stateOfServices } from './stop-services.ts';
import { listSwaps } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { assertGuardIsIdle } from './taken-over.ts';

/**
 * What the guard would put back, put back by a person: from the records in the cluster and the order of the guard. Where
 * something runs, somebody started it on what stands there, and it is not stopped again unasked.
 */
export async function putBackByHand(context: KubeContext, note: RunningNote): Promise<string[]> {
  const swaps = await listSwaps(context);
  if (swaps.length === 0) return [];
  await assertGuardIsIdle(context, note.operationId);
  await assertNotInPlace(context);
  const ledger = await readLedger(context);
  if (ledger === undefined || (await stateOfServices(context, ledger)).runs) return [];
  const states = await Promise.all(swaps.map((swap) => stateOfSwap(context, swap)));
  if (states.includes('unknown')) return [];
  const order = await readOrder(context.cluster, context.namespace, note.operationId);
  // The order holds the definition of before. Half-way that stands there already; with new data it may not.
  if (order === undefined && !states.includes('between')) return [];
  return putBackUnserved(context, order, note, putBackOf());
}
