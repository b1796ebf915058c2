import { isAppError } from '../../errors.ts';
import { translated } from '../system-error.ts';
import type { VendorBackups, VendorForesight } from '../vendor-backups.ts';
import { beginRestore } from './begin-restore.ts';
import type { CallOptions, ControlPlane } from './client/control-plane.ts';
import type { CdpContext } from './context.ts';
import { deleteKept, standingOf, whyNotDelete } from './delete-kept.ts';
import { followRestore } from './follow-restore.ts';
import { findKept, listKept } from './kept-backups.ts';
import { findAbsent } from './look.ts';
import { VENDOR_PART } from './names.ts';

/** The control plane's own backups of one workspace. */
export function createVendorBackups(context: CdpContext): VendorBackups {
  return {
    part: VENDOR_PART,
    list: (options = {}) => translated('listing backups', () => listKept(context, options)),
    find: (crn, options = {}) => translated('looking for a backup', () => findKept(context, crn, options)),
    foreseeRestore: (options = {}) => foreseeRestore(context, options),
    beginRestore: (operationId, crn, options = {}) =>
      translated('beginning a restore', () => beginRestore(context, operationId, crn, options)),
    followRestore: (operationId, options = {}) =>
      translated('following a restore', () => followRestore(context, operationId, options)),
    whyNotDelete: (options = {}) => whyNotDelete(context, options),
    delete: (crn, options = {}) => translated('deleting a backup', () => deleteKept(context, crn, options)),
    standing: (options = {}) => translated('looking at the workspace', () => standingOf(context, options)),
  };
}

async function foreseeRestore(context: CdpContext, options: CallOptions): Promise<VendorForesight> {
  const { controlPlane, settings } = context;
  const { useStaticSubdomain, certificate } = settings.restore;
  const releaseAfter = await latestRelease(controlPlane, options);
  const untold = 'Nobody wrote down what becomes of its TLS certificate (platform.restore.certificate).';
  return {
    ...(releaseAfter === undefined ? {} : { releaseAfter }),
    useStaticSubdomain,
    makes: await findAbsent(context, options),
    warnings: [certificate === undefined ? untold : `Its TLS certificate: ${certificate}`],
  };
}

async function latestRelease(controlPlane: ControlPlane, options: CallOptions): Promise<string | undefined> {
  try {
    return await controlPlane.getLatestWorkspaceVersion(options);
  } catch (error) {
    if (isAppError(error) && error.code === 'operation-missing') return undefined;
    throw error;
  }
}
