import { PortError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, SNAPSHOT, SNAPSHOT_CONTENT, type VolumeSnapshot } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { forgetSnapshots } from './snapshot-record.ts';

/** Some drivers never end to remove a snapshot (Longhorn without its backup target); nobody waits for that for ever. */
const GONE_WITHIN_MS = 120_000;

/**
 * Removes the snapshots of an operation, and before them the claims that read them. Goes on with the others when one cannot
 * be removed, and says so in the end; the record stays then, for the next try.
 * @throws PortError `platform-unavailable` (retryable) naming what is still there.
 */
export async function dropSnapshots(context: KubeContext, operationId: string): Promise<void> {
  const { cluster, namespace, workspace } = context;
  if (!(await cluster.serves(SNAPSHOT))) return;
  const ours = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId}`;
  const readers = { namespace, labels: `${ours},${LABELS.role}=reader` };
  const made = { namespace, labels: `${ours},${LABELS.role}=snapshot` };
  const claims = await cluster.list(CLAIM, readers);
  await Promise.all(claims.map(({ metadata }) => cluster.remove(CLAIM, metadata?.name ?? '', namespace)));
  const snapshots = await cluster.list(SNAPSHOT, made);
  const removed = await Promise.allSettled(snapshots.map((snapshot) => drop(context, snapshot)));
  if (claims.length + snapshots.length > 0) {
    const noneLeft = (found: readonly unknown[]) => (found.length === 0 ? true : undefined);
    const late = () => stillThere(operationId);
    await cluster.follow(CLAIM, readers, noneLeft, { withinMs: GONE_WITHIN_MS, late });
    await cluster.follow(SNAPSHOT, made, noneLeft, { withinMs: GONE_WITHIN_MS, late });
  }
  const failed = removed.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  await forgetSnapshots(context, operationId);
}

/** The content goes with it, and the driver's own snapshot with that, whatever we or the class said before. */
async function drop({ cluster, namespace }: KubeContext, { metadata, status }: VolumeSnapshot): Promise<void> {
  const content = status?.boundVolumeSnapshotContentName;
  if (content !== undefined) {
    try {
      await cluster.patch(SNAPSHOT_CONTENT, content, undefined, { spec: { deletionPolicy: 'Delete' } });
    } catch (error) {
      if (!isRefusal(error, 'NotFound')) throw error;
    }
  }
  await cluster.remove(SNAPSHOT, metadata?.name ?? '', namespace, { uid: metadata?.uid });
}

function stillThere(operationId: string): PortError {
  return new PortError('platform-unavailable', `Snapshots of ${operationId} are still there after two minutes`, {
    retryable: true,
    hint: 'look at what holds them: kubectl get volumesnapshots,persistentvolumeclaims -l cml-backup/operation',
  });
}
