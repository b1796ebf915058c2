import { isAppError } from '../../errors.ts';
import type { CdpSight } from './context.ts';
import { lookAtWorkspace } from './look.ts';

/**
 * Has the control plane give up a backup that runs. That it was told so is all that is known here: whoever starts services
 * waits until the workspace is ready again, and people are called when it never is.
 */
export async function callOff(context: CdpSight, backupCrn: string): Promise<void> {
  const { settings, controlPlane, log } = context;
  const { resource, workflowType } = settings.cancellation;
  try {
    const resourceId = resource === 'backup' ? backupCrn : (await lookAtWorkspace(context)).told.crn;
    await controlPlane.requestWorkflowCancellation({ resourceId, workflowType });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    log.warn({ backupCrn, why: cause.message }, 'the control plane does not call its backup off');
  }
}
