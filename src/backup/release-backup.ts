import type { Catalog } from '../catalog/catalog.ts';
import { doAll } from '../do-all.ts';
import type { DataMover } from '../mover/mover.ts';
import { forgetNote } from '../operation/forget-note.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { copiesOf } from './delete-plan.ts';

interface ReleaseWorld {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly folder: string;
}

/**
 * Removes what this operation made and nobody needs: snapshots, and every copy that is not part of a recorded backup
 * (pre-copies; after a failure, all), also where a control plane keeps it. Found by tag, or by its name there, so that a copy
 * whose record was lost in a crash goes too.
 */
export async function releaseBackup(world: ReleaseWorld, operationId: string, backupId: string): Promise<void> {
  const { platform } = world;
  await doAll([
    () => platform.release(operationId),
    () => forgetUnneeded(world, operationId, backupId),
    () => deleteUnrecorded(world, operationId, backupId),
    () => forgetNote(platform, operationId),
  ]);
}

async function forgetUnneeded(
  { mover, catalog, folder }: ReleaseWorld,
  operationId: string,
  backupId: string,
): Promise<void> {
  const recorded = await catalog.backups.get(backupId);
  const kept = new Set(recorded ? copiesOf(recorded) : []);
  const copies = await mover.list([operationId], { folder, key: 'list-made' });
  const unneeded = copies.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  if (unneeded.length > 0) await mover.forget(unneeded, { folder, key: 'forget' });
}

/** What a control plane made for a backup that is none. Where it cannot delete, `cml catalog check` tells of it. */
async function deleteUnrecorded(
  { platform: { vendor }, catalog }: ReleaseWorld,
  operationId: string,
  backupId: string,
): Promise<void> {
  if (!vendor || (await catalog.backups.get(backupId))) return;
  const made = (await vendor.list()).filter((one) => one.operationId === operationId && one.state === 'finished');
  if (made.length === 0 || (await vendor.whyNotDelete()) !== undefined) return;
  for (const { crn } of made) await vendor.delete(crn);
}
