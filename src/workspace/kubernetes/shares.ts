import type { V1PersistentVolume, V1PersistentVolumeClaim, V1PersistentVolumeSpec } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, type Kind, VOLUME } from './kinds.ts';
import { idInNames, LABELS, OURS, objectName } from './names.ts';

const GONE_WITHIN_MS = 60_000;

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
  const { namespace, workspace } = context;
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
  await keep(context, VOLUME, volume);
  await keep(context, CLAIM, claim);
  return claim;
}

/** Makes it, or takes what stands there unless that is on its way out: a volume is bound once in its life. */
async function keep<T extends V1PersistentVolume | V1PersistentVolumeClaim>(
  { cluster }: KubeContext,
  kind: Kind<T>,
  object: T,
): Promise<void> {
  const { name = '', namespace } = object.metadata ?? {};
  const isUsable = ({ metadata, status }: T) =>
    metadata?.deletionTimestamp === undefined && !['Released', 'Failed', 'Lost'].includes(status?.phase ?? '');
  try {
    await cluster.create(kind, object);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
    const standing = await cluster.read(kind, name, namespace);
    if (standing && isUsable(standing)) return;
    await cluster.remove(kind, name, namespace);
    const where = { ...(namespace === undefined ? {} : { namespace }), fields: `metadata.name=${name}` };
    const late = () =>
      new PortError('platform-unavailable', `${name} is not removed: who holds it?`, { retryable: true });
    await cluster.follow(kind, where, ({ length }) => (length === 0 ? true : undefined), {
      withinMs: GONE_WITHIN_MS,
      late,
    });
    await cluster.create(kind, object);
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
