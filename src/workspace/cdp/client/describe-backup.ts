import { PortError } from '../../../errors.ts';
import type { CallOptions, WorkspaceKey } from './control-plane.ts';
import type { Call } from './requests.ts';
import type { DescribedBackup } from './wire.ts';

/**
 * One backup. The operation is nearly three years younger than those that make, list and delete backups: the list tells the
 * same but for two fields, and in it a backup may appear late.
 */
export async function describeBackup(
  call: Call,
  backupCrn: string,
  { of, signal }: CallOptions & { readonly of?: WorkspaceKey | undefined } = {},
): Promise<DescribedBackup> {
  try {
    return await call('describeWorkspaceBackup', { backupCrn }, { signal });
  } catch (cause) {
    if (of === undefined || !(cause instanceof PortError && cause.code === 'operation-missing')) throw cause;
    const { backups } = await call('listWorkspaceBackups', { ...of }, { signal });
    const listed = backups.find((one) => one.backupCrn === backupCrn);
    if (listed) return listed;
    throw new PortError('unknown-backup', `The control plane does not list the backup ${backupCrn}`, {
      cause,
      hint: 'It was deleted there, or went with its workspace.',
    });
  }
}
