import type { Catalog } from '../catalog/catalog.ts';
import type { DataMover } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import type { DeletePlan } from '../records/plan.ts';
import { refusePinned } from './delete-plan.ts';
import type { DeleteOutcome, deleteStory } from './delete-steps.ts';

export interface DeletePorts {
  readonly catalog: Catalog;
  readonly mover: DataMover;
  /** Moves the approval to this operation, once. */
  claimApproval(requestId: string, operationId: string, now: Date): Promise<void>;
}

export interface DeleteInput {
  readonly requestId: string;
  readonly plan: DeletePlan;
}

/**
 * THE STORY of a deletion. The catalog says `deleting` before anything goes; then the manifest goes, so that a rebuilt
 * catalog cannot offer half a backup; then the parts. Every step may be repeated: dropping what is gone changes nothing.
 */
export async function deleteBackup(
  { step, operation, folder }: Story<typeof deleteStory>,
  { catalog, mover, claimApproval }: DeletePorts,
  { requestId, plan }: DeleteInput,
): Promise<DeleteOutcome> {
  const { backupId, manifestCopyId, copyIds } = plan;
  await step('claim approval', ({ now }) => claimApproval(requestId, operation.id, now()));
  await step('mark deleting', async () => {
    await catalog.backups.change(backupId, (now) => {
      refusePinned(now);
      return now.status === 'deleted' ? undefined : { ...now, status: 'deleting' };
    });
  });
  await step('forget manifest', ({ signal }) =>
    mover.forget([manifestCopyId], { folder, key: 'forget-manifest', signal }),
  );
  await step('forget parts', async ({ signal }) => {
    if (copyIds.length > 0) await mover.forget(copyIds, { folder, key: 'forget-parts', signal });
  });
  await step('mark deleted', async () => {
    await catalog.backups.change(backupId, (now) => ({ ...now, status: 'deleted' }));
  });
  return { backupId, requestId, copies: copyIds.length + 1 };
}
