import { isAppError } from '../../errors.ts';
import type { CallOptions } from './client/control-plane.ts';
import type { CdpContext } from './context.ts';

/** Requests of restores in the audit trail; undefined where it cannot be asked. */
export async function restoreEvents(
  { controlPlane }: CdpContext,
  workspaceCrn: string,
  options: CallOptions,
): Promise<string[] | undefined> {
  try {
    const events = await controlPlane.getAuditEvents(workspaceCrn, options);
    return events.flatMap(({ action = '', requestID }) => (/restore/i.test(action) && requestID ? [requestID] : []));
  } catch (error) {
    const isNone =
      isAppError(error) && ['operation-missing', 'control-plane-refused', 'unknown-workspace'].includes(error.code);
    if (isNone) return undefined;
    throw error;
  }
}
