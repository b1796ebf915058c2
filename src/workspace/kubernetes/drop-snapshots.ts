import type { KubernetesObject } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import { isRefusal, type Where } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { dropFilerSnapshots } from './filer-snapshot.ts';
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
  const { cluster } = context;
  const atFilers = await dropFilerSnapshots(context, operationId).then(
    () => [],
    (cause: unknown) => [cause],
  );
  if (await cluster.serves(SNAPSHOT)) await dropInCluster(context, operationId);
  if (atFilers.length > 0) throw atFilers[0];
  await forgetSnapshots(context, operationId);
}

async function dropInCluster(context: KubeContext, operationId: string): Promise<void> {
  const { cluster } = context;
  const { readers, made } = whereOf(context, operationId);
  const { asked, failures } = await askToDropSnapshots(context, operationId);
  const noneLeft = (found: readonly KubernetesObject[]) =>
    found.some(({ metadata }) => asked.has(metadata?.uid ?? '')) ? undefined : true;
  const late = () => stillThere(operationId);
  if (asked.size > 0) {
    await cluster.follow(CLAIM, readers, noneLeft, { withinMs: GONE_WITHIN_MS, late });
    await cluster.follow(SNAPSHOT, made, noneLeft, { withinMs: GONE_WITHIN_MS, late });
  }
  if (failures.length > 0) throw failures[0];
}

interface Asked {
  /** Uids of what the server has taken to be removed. */
  readonly asked: ReadonlySet<string>;
  readonly failures: readonly unknown[];
}

/** The same without waiting until they are gone, which a driver may never let happen. */
export async function askToDropSnapshots(context: KubeContext, operationId: string): Promise<Asked> {
  const { cluster, namespace } = context;
  const { readers, made } = whereOf(context, operationId);
  const asked = new Set<string>();
  const failures: unknown[] = [];
  const removing = async <T extends KubernetesObject>(objects: readonly T[], remove: (one: T) => Promise<void>) => {
    const works = objects.map((one) => remove(one).then(() => void asked.add(one.metadata?.uid ?? '')));
    for (const one of await Promise.allSettled(works)) if (one.status === 'rejected') failures.push(one.reason);
  };
  const claims = await cluster.list(CLAIM, readers);
  await removing(claims, ({ metadata }) => cluster.remove(CLAIM, metadata?.name ?? '', namespace));
  await removing(await cluster.list(SNAPSHOT, made), (snapshot) => drop(context, snapshot));
  return { asked, failures };
}

function whereOf({ namespace, workspace }: KubeContext, operationId: string): { readers: Where; made: Where } {
  const ours = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId}`;
  return {
    readers: { namespace, labels: `${ours},${LABELS.role}=reader` },
    made: { namespace, labels: `${ours},${LABELS.role}=snapshot` },
  };
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
