import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { writeDuration } from '../../records/time.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, SNAPSHOT, SNAPSHOT_CONTENT, STORAGE_CLASS, type VolumeSnapshot } from './kinds.ts';
import { claimNameOf, LABELS, NOTES, OURS } from './names.ts';
import { largestOf } from './quantity.ts';
import { type NotedSnapshot, readSnapshots } from './snapshot-record.ts';
import { isHopeless, whyNotYet } from './snapshot-trouble.ts';

/**
 * The claim through which a snapshot is read: made from it once it can be used, read-only for everyone. Under
 * WaitForFirstConsumer nobody waits until it is bound: the pod that reads is the first consumer.
 * @throws OperationError `part-missing` when the snapshot is gone or never becomes usable.
 */
export async function openReader(
  context: KubeContext,
  operationId: string,
  part: string,
  signal?: AbortSignal,
): Promise<V1PersistentVolumeClaim> {
  const { cluster, namespace } = context;
  const name = claimNameOf('snapshot', operationId, part);
  const standing = await cluster.read(CLAIM, name, namespace);
  if (standing && standing.metadata?.deletionTimestamp === undefined) return standing;
  if (standing) throw gone(part, `the claim ${name} that reads it is being removed`);
  const noted = (await readSnapshots(context, operationId))?.snapshots.find((one) => one.part === part);
  if (!noted) throw gone(part, 'none is on record');
  const snapshot = await awaitReady(context, noted, signal);
  await keepContent(context, snapshot, part);
  const source = await cluster.read(CLAIM, noted.claim, namespace);
  if (!source) throw gone(part, `the claim ${noted.claim} that it was taken of is not there`);
  const storageClassName = await classFor(context, noted, source);
  try {
    return await cluster.create(CLAIM, readerOf(context, operationId, { noted, snapshot, source, storageClassName }));
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
    return openReader(context, operationId, part, signal);
  }
}

/** What the driver complains of is told when it is said first: a copy that is uploaded may take long to become usable. */
/**
 * That of the source, unless its volume was made by hand and has none that makes volumes: then another of the same driver.
 * Without any the claim would wait for ever.
 */
async function classFor(
  { cluster }: KubeContext,
  { driver, part }: NotedSnapshot,
  { spec }: V1PersistentVolumeClaim,
): Promise<string> {
  const classes = (await cluster.list(STORAGE_CLASS)).filter(({ provisioner }) => provisioner === driver);
  const names = classes.map(({ metadata }) => metadata?.name ?? '').sort();
  const name = names.find((one) => one === spec?.storageClassName) ?? names[0];
  if (name === undefined) throw gone(part, `no storage class makes volumes of ${driver}`);
  return name;
}

async function awaitReady(
  context: KubeContext,
  { part, name }: NotedSnapshot,
  signal: AbortSignal | undefined,
): Promise<VolumeSnapshot> {
  const { cluster, namespace, settings, log } = context;
  let seen: VolumeSnapshot | undefined;
  let told: string | undefined;
  const look = ([snapshot]: readonly VolumeSnapshot[]) => {
    if (!snapshot || snapshot.metadata?.deletionTimestamp !== undefined) throw gone(part, 'somebody removed it');
    seen = snapshot;
    if (snapshot.status?.readyToUse === true) return snapshot;
    const why = snapshot.status?.error?.message;
    if (isHopeless(why, { isTaken: true })) throw gone(part, `it will never be usable: ${why}`);
    if (why !== undefined && why !== told) log.warn({ part, snapshot: name, why }, 'a snapshot cannot be used yet');
    told = why;
    return undefined;
  };
  const late = new Error('late');
  const where = { namespace, fields: `metadata.name=${name}` };
  try {
    return await cluster.follow(SNAPSHOT, where, look, {
      ...{ signal, withinMs: settings.usableWithin, late: () => late },
    });
  } catch (error) {
    if (error !== late) throw error;
    const why = await whyNotYet(context, seen);
    const words = `it did not become usable within ${writeDuration(settings.usableWithin)}`;
    throw gone(part, why === undefined ? words : `${words}: ${why}`);
  }
}

/** Whoever removes the snapshot while it is read does not remove the bytes with it. Read back: the driver may refuse. */
async function keepContent({ cluster }: KubeContext, { status }: VolumeSnapshot, part: string): Promise<void> {
  const name = status?.boundVolumeSnapshotContentName ?? '';
  const content = await cluster.read(SNAPSHOT_CONTENT, name);
  if (!content) throw gone(part, `its content ${name} is not there`);
  if (content.spec.deletionPolicy === 'Retain') return;
  const kept = await cluster.patch(SNAPSHOT_CONTENT, name, undefined, { spec: { deletionPolicy: 'Retain' } });
  if (kept.spec.deletionPolicy !== 'Retain') throw gone(part, `its content ${name} cannot be set to be kept`);
}

/**
 * Of CephFS a claim that is only to be read is the snapshot itself, without a copy. Few drivers know that mode, and with one
 * that does not, the claim would wait for ever: all others are asked for what the volume has, and mounted to be read.
 * Source: ceph-csi docs, "CephFS snapshot-backed volumes".
 */
const SHOWS_SNAPSHOTS = /(^|\.)cephfs\.csi\.ceph\.com$/;

interface Reading {
  readonly noted: NotedSnapshot;
  readonly snapshot: VolumeSnapshot;
  readonly source: V1PersistentVolumeClaim;
  readonly storageClassName: string;
}

function readerOf(
  { namespace, workspace }: KubeContext,
  operationId: string,
  { noted, snapshot, source, storageClassName }: Reading,
): V1PersistentVolumeClaim {
  const { resources, accessModes = [] } = source.spec ?? {};
  const labels = {
    ...{ [LABELS.managedBy]: OURS, [LABELS.workspace]: workspace, [LABELS.operation]: operationId },
    ...{ [LABELS.role]: 'reader', [LABELS.part]: noted.part },
  };
  const isShared = accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  const sizes = [snapshot.status?.restoreSize, resources?.requests?.storage, source.status?.capacity?.storage];
  const storage = largestOf(sizes);
  return {
    apiVersion: CLAIM.apiVersion,
    kind: CLAIM.kind,
    metadata: {
      ...{ name: claimNameOf('snapshot', operationId, noted.part), namespace, labels },
      ...(noted.within === undefined ? {} : { annotations: { [NOTES.within]: noted.within } }),
    },
    spec: {
      accessModes: isShared && SHOWS_SNAPSHOTS.test(noted.driver) ? ['ReadOnlyMany'] : [...accessModes],
      storageClassName,
      dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: noted.name },
      resources: {
        requests: { storage },
      },
    },
  };
}

function gone(part: string, why: string): OperationError {
  return new OperationError('part-missing', `The snapshot of ${part} cannot be read: ${why}.`, {
    hint: 'services are up; ask for the backup again',
  });
}
