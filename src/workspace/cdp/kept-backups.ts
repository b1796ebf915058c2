import { isAppError } from '../../errors.ts';
import type { KeptBackup } from '../../records/part.ts';
import type { ListedVendorBackup } from '../vendor-backups.ts';
import type { CallOptions } from './client/control-plane.ts';
import { readState } from './client/state.ts';
import type { VendorBackup } from './client/wire.ts';
import type { CdpContext } from './context.ts';
import { presentKey } from './look.ts';
import { operationOfBackup } from './names.ts';

/** What its own catalog tells of one backup, as we keep it. */
export function keptBackupOf(told: VendorBackup): KeptBackup {
  const { backupCrn: crn, backupName, backupStatus, createdAt, workspaceVersionAtBackup: release } = told;
  return {
    ...{ crn, name: backupName ?? '', status: backupStatus ?? '' },
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(release === undefined ? {} : { release }),
  };
}

/** Every backup of this workspace in the control plane's catalog, the oldest first; not those that are deleted. */
export async function listKept(context: CdpContext, options: CallOptions = {}): Promise<ListedVendorBackup[]> {
  const told = await listOrNone(context, options);
  return told
    .filter(({ backupStatus }) => deletionOf(backupStatus) !== 'finished')
    .sort((one, other) => (one.createdAt ?? '').localeCompare(other.createdAt ?? ''))
    .map(listed);
}

/** A workspace that is not there has none: they go with it. */
async function listOrNone(context: CdpContext, options: CallOptions): Promise<VendorBackup[]> {
  try {
    return await context.controlPlane.listWorkspaceBackups(await presentKey(context), options);
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-workspace') return [];
    throw error;
  }
}

/** One by itself, because the list may be late. */
export async function findKept(
  context: CdpContext,
  crn: string,
  options: CallOptions = {},
): Promise<ListedVendorBackup | undefined> {
  try {
    const of = await presentKey(context);
    const told = await context.controlPlane.describeWorkspaceBackup(crn, { ...options, of });
    return deletionOf(told.backupStatus) === 'finished' ? undefined : listed(told);
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-backup') return undefined;
    throw error;
  }
}

function listed(told: VendorBackup): ListedVendorBackup {
  const { creatorCrn: creator, backupName, backupStatus } = told;
  return { ...keptBackupOf(told), creator, operationId: operationOfBackup(backupName), state: stateOf(backupStatus) };
}

/** How far the deletion of a backup is; undefined while nobody deletes it. */
export function deletionOf(status: string | undefined) {
  const { phase, outcome, raw } = readState(status);
  return /delet|remov/i.test(phase === '' ? raw : phase) ? outcome : undefined;
}

function stateOf(status: string | undefined): ListedVendorBackup['state'] {
  // What is being deleted cannot be restored, however far that is.
  if (deletionOf(status) !== undefined) return 'failed';
  switch (readState(status).outcome) {
    case 'finished':
      return 'finished';
    case 'running':
      return 'under way';
    case 'failed':
    case 'cancelled':
      return 'failed';
    case 'unknown':
      return 'unknown';
  }
}
