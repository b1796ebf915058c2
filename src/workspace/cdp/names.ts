/** The one part that the control plane takes. */
export const VENDOR_PART = 'workspace';

/** The services as we see them: the workspace as its control plane calls it, and its database as the probe finds it. */
export const WORKSPACE_SERVICE = 'workspace';
export const DATABASE_SERVICE = 'database';

const PREFIX = 'cml-';

/** How the backup of an operation is called at the control plane. Nothing else tells one that was asked for from another. */
export function backupNameOf(operationId: string): string {
  return `${PREFIX}${operationId.replace('_', '-')}`;
}

/** The operation that asked for the backup of this name; undefined for one that is none of ours. */
export function operationOfBackup(name: string | undefined): string | undefined {
  const id = name?.startsWith(PREFIX) ? name.slice(PREFIX.length).replace('-', '_') : undefined;
  return id !== undefined && /^op_[0-9a-z]+$/.test(id) ? id : undefined;
}

const SCHEME = 'cdp:';

/** In place of a path: what stands behind it can be read by nobody but the control plane. */
export const pathOfCrn = (crn: string): string => `${SCHEME}${crn}`;
