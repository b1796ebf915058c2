import { OperationError } from '../../errors.ts';
import type { Quiet, RunningNote } from '../platform.ts';
import type { CdpContext } from './context.ts';
import { lookAtWorkspace, obstacleOf } from './look.ts';
import { findOwnBackup, wasAsked } from './own-backup.ts';
import { type SettleOptions, settleWorkloads } from './workloads.ts';

/**
 * Stops nothing: the control plane does, once its backup has begun. Only looks whether it may begin, unless it has, in an
 * earlier life of this operation.
 */
export async function beginQuiet(
  context: CdpContext,
  note: RunningNote,
  { signal, workloads }: Omit<SettleOptions, 'operationId'>,
): Promise<Quiet> {
  const { operationId } = note;
  const hasBegun = (await wasAsked(context, operationId)) || (await findOwnBackup(context, operationId, { signal }));
  if (!hasBegun) {
    const obstacle = obstacleOf(await lookAtWorkspace(context, { signal }));
    if (obstacle !== undefined) {
      throw new OperationError('plan-changed', `No backup of ${context.workspace} can begin: ${obstacle}.`, {
        hint: 'Nothing was stopped. Wait until it is ready, or look at its page, then ask again.',
      });
    }
    await settleWorkloads(context, { operationId, signal, workloads });
  }
  const beside = await context.files.noteRunning(operationId);
  return context.files.stop(beside, signal ? { signal } : {});
}
