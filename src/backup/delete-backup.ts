import type { Catalog } from '../catalog/catalog.ts';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import type { DeletePlan } from '../records/plan.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { refusePinned } from './delete-plan.ts';
import type { DeleteOutcome, deleteStory } from './delete-steps.ts';

export interface DeletePorts {
  readonly catalog: Catalog;
  readonly mover: DataMover;
  /** Of which only what a control plane keeps counts. */
  readonly platform: Pick<WorkspacePlatform, 'vendor'>;
  /** Moves the approval to this operation, once. */
  claimApproval(requestId: string, operationId: string, now: Date): Promise<void>;
}

export interface DeleteInput {
  readonly requestId: string;
  readonly plan: DeletePlan;
}

/**
 * THE STORY of a deletion. The catalog says `deleting` before anything goes; then the manifest goes, so that a rebuilt
 * catalog cannot offer half a backup; then what a control plane keeps of it, then the parts. Every step may be repeated: dropping what is gone changes nothing.
 */
export async function deleteBackup(
  { step, operation, folder }: Story<typeof deleteStory>,
  { catalog, mover, platform, claimApproval }: DeletePorts,
  { requestId, plan }: DeleteInput,
): Promise<DeleteOutcome> {
  const { backupId, manifestCopyId, vendor, copyIds } = plan;
  const manifests = manifestCopyId === undefined ? [] : [manifestCopyId];
  await step('claim approval', ({ now }) => claimApproval(requestId, operation.id, now()));
  await step('mark deleting', async () => {
    await catalog.backups.change(backupId, (now) => {
      refusePinned(now);
      return now.status === 'deleted' ? undefined : { ...now, status: 'deleting' };
    });
  });
  await step('forget manifest', async ({ signal }) => {
    if (manifests.length > 0) await mover.forget(manifests, { folder, key: 'forget-manifest', signal });
  });
  if (vendor) await step('delete vendor backup', ({ signal }) => deleteKept(platform, [vendor.crn], signal));
  await step('forget parts', async ({ signal }) => {
    if (copyIds.length > 0) await mover.forget(copyIds, { folder, key: 'forget-parts', signal });
  });
  await step('mark deleted', async () => {
    await catalog.backups.change(backupId, (now) => ({ ...now, status: 'deleted' }));
  });
  const deleted = vendor ? { vendor: vendor.name } : {};
  return { backupId, requestId, copies: copyIds.length + manifests.length, ...deleted };
}

/** One after the other: a control plane runs one workflow of a workspace at a time. */
export async function deleteKept(
  { vendor }: Pick<WorkspacePlatform, 'vendor'>,
  crns: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (crns.length > 0 && !vendor) {
    throw new OperationError('step-failed', 'Only a control plane can delete its backup, and none is configured.', {
      hint: 'Configure the workspace with "platform: { kind: cdp, ... }", then ask for the deletion again.',
    });
  }
  for (const crn of crns) await vendor?.delete(crn, { signal });
}
