import { isAppError, OperationError } from '../../errors.ts';
import type { CallOptions } from './client/control-plane.ts';
import type { CdpContext } from './context.ts';
import { deletionOf, findKept } from './kept-backups.ts';
import { presentKey } from './look.ts';

/** Why no backup can be deleted through this control plane. */
export async function whyNotDelete({ controlPlane }: CdpContext, options: CallOptions): Promise<string | undefined> {
  const offers = await controlPlane.probeOperations(options);
  switch (offers.deleteBackup) {
    case 'missing':
      return 'this control plane has no deleteBackup.';
    case 'forbidden':
      return 'our key may not call deleteBackup on this control plane.';
    default:
      return undefined;
  }
}

/**
 * Deletes one backup and waits until it is listed no more. Asked for again after a crash, or a lost answer, it looks first:
 * a deletion that is under way is only followed, and one that is over is done.
 * @throws OperationError `step-failed` with the control plane's word when it gave the deletion up.
 */
export async function deleteKept(context: CdpContext, crn: string, options: CallOptions): Promise<void> {
  const { controlPlane, clock, settings } = context;
  let isAsked = false;
  for (;;) {
    const status = await statusOf(context, crn, options);
    if (status === undefined) return;
    const deletion = deletionOf(status);
    if (isAsked && deletion === 'failed') {
      throw new OperationError('step-failed', `The control plane could not delete its backup: ${status}.`, {
        hint: "Look at it in the control plane's own page, then ask for the deletion again.",
      });
    }
    // One that failed before is asked for once more.
    if (!isAsked && (deletion === undefined || deletion === 'failed')) {
      if (await isRefusedAsUnknown(() => controlPlane.deleteBackup(crn, options))) return;
    }
    isAsked = true;
    await clock.sleep(settings.poll, options.signal);
  }
}

/** As it is listed; undefined when it is not. */
async function statusOf(context: CdpContext, crn: string, options: CallOptions): Promise<string | undefined> {
  try {
    return (await findKept(context, crn, options))?.status;
  } catch (error) {
    // Its backups are gone with it.
    if (isAppError(error) && error.code === 'unknown-workspace') return undefined;
    throw error;
  }
}

/** A lost answer is no trouble: whoever looks next sees what became of it. */
async function isRefusedAsUnknown(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-backup') return true;
    if (isAppError(error) && error.code === 'answer-lost') return false;
    throw error;
  }
}

/** Whether the workspace, and with it every backup in its cluster, is going or gone. */
export async function standingOf(
  context: CdpContext,
  options: CallOptions,
): Promise<'stands' | 'is being removed' | 'is gone'> {
  try {
    const { instanceStatus = '' } = await context.controlPlane.describeWorkspace(await presentKey(context), options);
    return /^(deprovision|delet|uninstall)/i.test(instanceStatus.trim()) ? 'is being removed' : 'stands';
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-workspace') return 'is gone';
    throw error;
  }
}
