import type { V1PersistentVolume, V1PersistentVolumeClaim, V1PersistentVolumeSpec } from '@kubernetes/client-node';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { idInNames, LABELS, OURS, objectName } from './names.ts';

/**
 * Shows a file server's share through a volume and claim of our own, one for each operation and access: with `nosharecache`
 * each pod that mounts it has a cache of its own, so that nothing was walked before and no attribute is older than the pod.
 * The last writes of other nodes would else be missed.
 */
export async function keepShare(
  context: KubeContext,
  operationId: string,
  part: string,
  original: V1PersistentVolume,
  access: 'read' | 'write',
): Promise<V1PersistentVolumeClaim> {
  const { cluster, namespace, workspace } = context;
  const name = objectName('cml-share', idInNames(operationId), part, access);
  const labels = {
    ...{ [LABELS.managedBy]: OURS, [LABELS.workspace]: workspace },
    ...{ [LABELS.operation]: operationId, [LABELS.role]: 'share' },
  };
  const accessModes = [access === 'read' ? 'ReadOnlyMany' : 'ReadWriteMany'];
  const capacity = original.spec?.capacity ?? { storage: '1Gi' };
  const volume: V1PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels },
    spec: {
      ...sourceOf(original, name, access),
      ...{ accessModes, capacity, storageClassName: '', persistentVolumeReclaimPolicy: 'Retain' },
      mountOptions: mountOptionsOf(original, access),
      // Reserved: bound at once, and to nobody else.
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace },
    },
  };
  const claim: V1PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, labels },
    spec: { accessModes, storageClassName: '', volumeName: name, resources: { requests: { ...capacity } } },
  };
  await unlessThere(cluster.create(VOLUME, volume));
  await unlessThere(cluster.create(CLAIM, claim));
  return claim;
}

async function unlessThere(making: Promise<unknown>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
  }
}

function sourceOf({ spec }: V1PersistentVolume, name: string, access: 'read' | 'write'): V1PersistentVolumeSpec {
  const readOnly = access === 'read';
  // A driver tells volumes apart by their handle.
  if (spec?.csi) return { csi: { ...spec.csi, volumeHandle: `${spec.csi.volumeHandle}#${name}`, readOnly } };
  return spec?.nfs ? { nfs: { ...spec.nfs, readOnly } } : {};
}

const OURS_TO_SAY = /^(ro|rw|(no)?sharecache)$/;

function mountOptionsOf({ spec }: V1PersistentVolume, access: 'read' | 'write'): string[] {
  const original = spec?.mountOptions ?? [];
  return [access === 'read' ? 'ro' : 'rw', 'nosharecache', ...original.filter((option) => !OURS_TO_SAY.test(option))];
}

/** Removes the claims and volumes that showed shares to an operation; the shares stay as they are. */
export async function dropShares({ cluster, namespace, workspace }: KubeContext, operationId: string): Promise<void> {
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role}=share`;
  for (const kind of [CLAIM, VOLUME] as const) {
    const found = await cluster.list(kind, { ...(kind.namespaced ? { namespace } : {}), labels });
    await Promise.all(found.map(({ metadata }) => cluster.remove(kind, metadata?.name ?? '', metadata?.namespace)));
  }
}
