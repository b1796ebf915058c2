import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { DeletePlan } from '../records/plan.ts';

/**
 * What a deletion would remove; a pure function of the catalog. `others` are at least those that share a copy with it, and the
 * newest two completed ones of its workspace.
 * @throws UserError `backup-held` when it is pinned, `unknown-backup` when it is gone already.
 */
export function makeDeletePlan(backup: Backup, others: readonly Backup[]): DeletePlan {
  if (backup.status === 'deleted') {
    throw new UserError('unknown-backup', `${backup.id} was deleted already.`, { hint: 'See what is left: cml list' });
  }
  refusePinned(backup);
  const needed = new Set(others.filter(({ id, status }) => id !== backup.id && status !== 'deleted').flatMap(copiesOf));
  const copyIds = [...new Set(copiesOf(backup))].filter((id) => id !== backup.manifestCopyId && !needed.has(id));
  const vendor = keptBy(backup);
  const decided = { backupId: backup.id, manifestSha256: backup.manifestSha256, copyIds, ...vendor };
  const completed = others.filter(({ workspace, status }) => workspace === backup.workspace && status === 'completed');
  return {
    backupId: backup.id,
    workspace: backup.workspace,
    takenAt: backup.takenAt,
    files: backup.files,
    bytes: backup.bytes,
    ...(backup.manifestCopyId === undefined ? {} : { manifestCopyId: backup.manifestCopyId }),
    ...vendor,
    copyIds,
    digest: createHash('sha256').update(JSON.stringify(decided)).digest('hex'),
    warnings: [
      ...(completed.every(({ id }) => id === backup.id)
        ? [`It is the last completed backup of ${backup.workspace}: nothing could be restored after that.`]
        : []),
      ...(vendor.vendor ? [`The control plane deletes its backup "${vendor.vendor.name}" with it.`] : []),
      ...(backup.trigger === 'vendor' ? [`It was made in the control plane's own page by ${backup.by.name}.`] : []),
    ],
  };
}

function keptBy({ parts }: Backup): Pick<DeletePlan, 'vendor'> {
  const kept = parts.find((part) => part.kept)?.kept;
  return kept ? { vendor: { crn: kept.crn, name: kept.name } } : {};
}

/** @throws UserError `backup-held`. */
export function refusePinned({ id, pinned }: Backup): void {
  if (!pinned) return;
  throw new UserError('backup-held', `${id} is pinned by ${pinned.by}${pinned.reason ? ` (${pinned.reason})` : ''}.`, {
    hint: `Take the pin away first: cml unpin ${id}`,
  });
}

/** Every copy that a backup cannot do without. */
export function copiesOf(backup: Backup): string[] {
  return [
    ...(backup.manifestCopyId === undefined ? [] : [backup.manifestCopyId]),
    ...backup.parts.flatMap(({ copyId = [] }) => copyId),
  ];
}
