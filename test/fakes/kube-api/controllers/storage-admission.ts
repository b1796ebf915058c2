import { isDeepStrictEqual } from 'node:util';
import {
  CLAIM,
  SNAPSHOT,
  SNAPSHOT_CONTENT,
  STORAGE_CLASS,
  VOLUME,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import { Refused, type Store, type Stored } from '../store.ts';
import { bytesOf } from './quantity.ts';

export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

const admitting = new WeakSet<Store>();

/** What the API server and its admission fill in and refuse of storage objects, before any controller sees them. */
export function admitStorage(store: Store): void {
  if (admitting.has(store)) return;
  admitting.add(store);
  store.admit(CLAIM, (claim, standing) => (standing ? keepClaim(claim, standing) : newClaim(store, claim)));
  store.admit(VOLUME, (volume, standing) => (standing ? keepVolume(volume, standing) : newVolume(volume)));
  store.admit(SNAPSHOT, (snapshot, standing) => {
    const { persistentVolumeClaimName, volumeSnapshotContentName } = snapshot.spec?.source ?? {};
    if ((persistentVolumeClaimName === undefined) === (volumeSnapshotContentName === undefined))
      throw invalid('VolumeSnapshot', snapshot, 'spec.source: Invalid value: exactly one source is required');
    if (standing && !isDeepStrictEqual(snapshot.spec.source, standing.spec.source))
      throw invalid('VolumeSnapshot', snapshot, 'spec.source: Invalid value: source is immutable once set');
  });
  store.admit(SNAPSHOT_CONTENT, (content, standing) => {
    const { name, namespace } = content.spec?.volumeSnapshotRef ?? {};
    if (!name || !namespace)
      throw invalid(
        'VolumeSnapshotContent',
        content,
        'spec.volumeSnapshotRef: Invalid value: name and namespace are required',
      );
    if (standing && !isDeepStrictEqual(content.spec.source, standing.spec.source))
      throw invalid('VolumeSnapshotContent', content, 'spec.source: Invalid value: source is immutable once set');
  });
}

function newClaim(store: Store, claim: Stored): void {
  claim.metadata.finalizers = [...new Set([...(claim.metadata.finalizers ?? []), CLAIM_PROTECTION])];
  const spec = claim.spec ?? {};
  spec.volumeMode ??= 'Filesystem';
  if (spec.storageClassName === undefined) {
    const usual = store
      .list(STORAGE_CLASS)
      .filter(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
    // Of several the newest, as the server does it.
    if (usual.length > 0) spec.storageClassName = usual.at(-1)?.metadata.name;
  }
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace)
    spec.dataSource = { ...spec.dataSourceRef };
  claim.status = { phase: 'Pending' };
}

/** A claim may be bound once and may grow; nothing else. */
function keepClaim(claim: Stored, standing: Stored): void {
  const fixed = ({ spec }: Stored, { volumeName }: { volumeName?: string }) => ({
    ...{ ...spec, resources: undefined },
    ...(volumeName ? {} : { volumeName: undefined }),
  });
  const forbidden =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  if (!isDeepStrictEqual(fixed(claim, standing.spec), fixed(standing, standing.spec)))
    throw invalid('PersistentVolumeClaim', claim, forbidden);
  if (bytesOf(claim.spec.resources?.requests?.storage) < bytesOf(standing.spec.resources?.requests?.storage))
    throw invalid(
      'PersistentVolumeClaim',
      claim,
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    );
}

function newVolume(volume: Stored): void {
  volume.metadata.finalizers = [...new Set([...(volume.metadata.finalizers ?? []), VOLUME_PROTECTION])];
  volume.spec.volumeMode ??= 'Filesystem';
  volume.spec.persistentVolumeReclaimPolicy ??= 'Retain';
  volume.status = { phase: 'Pending', lastPhaseTransitionTime: volume.metadata.creationTimestamp };
}

function keepVolume(volume: Stored, standing: Stored): void {
  const source = ({ spec }: Stored) => [spec.csi, spec.nfs, spec.hostPath, spec.local];
  if (!isDeepStrictEqual(source(volume), source(standing)))
    throw invalid(
      'PersistentVolume',
      volume,
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    );
}

function invalid(kind: string, { metadata }: Stored, why: string): Refused {
  return new Refused(422, 'Invalid', `${kind} "${metadata.name}" is invalid: ${why}`);
}
