import type { RunningNote } from '../platform.ts';
import { readState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { applyDefinition } from './definition.ts';
import { type GuardOrder, guardOrder } from './guard-order.ts';
import { assertNotInPlace } from './in-place.ts';
import { notedServices } from './stop-services.ts';
import { isSwapServed, revertSwap } from './swap.ts';
import { listSwaps } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { assertGuardIsIdle } from './taken-over.ts';

/**
 * New data whose services were never all up is not confirmed: it goes back, whole or half-way as it stands. Answers the
 * operations whose data it was.
 */
export async function putBackUnserved(
  context: LocalContext,
  order: GuardOrder | undefined,
  note: RunningNote,
): Promise<string[]> {
  const { operationId } = note;
  if (await isSwapServed(context, operationId)) return [];
  const reverted: string[] = [];
  for (const swap of await listSwaps(context)) {
    const state = await stateOfSwap(swap);
    // One that served is confirmed, whoever's it is; half-way, somebody was putting it back on purpose.
    if (state === 'previous' || (swap.served && state !== 'between')) continue;
    for (const service of notedServices(context, note).services) await service.stop(operationId, {});
    await revertSwap(context, swap.operationId);
    context.log.info({ operationId: swap.operationId }, 'data was put back');
    reverted.push(swap.operationId);
  }
  if (order?.putBack) await applyDefinition(context, order.putBack.path);
  return reverted;
}

/**
 * What the guard would put back, put back by a person: from the state folder and the order of the guard. Where something
 * runs, somebody started it on what stands there, and it is not stopped again unasked.
 */
export async function putBackByHand(context: LocalContext, note: RunningNote): Promise<string[]> {
  const swaps = await listSwaps(context);
  if (swaps.length === 0) return [];
  const standing = await context.lock.hold(async () => {
    await assertGuardIsIdle(context);
    await assertNotInPlace(context);
    return readState(stateFiles.guardOrder(context.folder), guardOrder);
  });
  for (const service of notedServices(context, note).services) if (await service.isRunning()) return [];
  const states = await Promise.all(swaps.map((swap) => stateOfSwap(swap)));
  if (states.includes('unknown')) return [];
  const order = standing?.operationId === note.operationId ? standing : undefined;
  // The order names the definition of before. Half-way that stands there already; with new data it may not.
  if (order === undefined && !states.includes('between')) return [];
  return putBackUnserved(context, order, note);
}
