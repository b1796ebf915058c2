import {
  CLAIM,
  SNAPSHOT,
  SNAPSHOT_CLASS,
  SNAPSHOT_CONTENT,
  VOLUME,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import { Refused, type Stored } from '../store.ts';
import { referenceTo } from './claims.ts';
import { quantityOf } from './quantity.ts';
import { withClass } from './snapshot-default-class.ts';
import {
  CONTENT_BOUND,
  SNAPSHOT_AS_SOURCE,
  SNAPSHOT_BOUND,
  SnapshotProblem,
  SOURCE_CLAIM_HELD,
} from './snapshot-marks.ts';
import { splitKey, type World } from './world.ts';

/** How a snapshot and its content come together, by making the content or taking a given one. */
export interface SnapshotBinding {
  /** Goes on with a snapshot that is not being deleted. @throws SnapshotProblem */
  goOn(snapshot: Stored): void;
  /** By the content's key. */
  holdContent(key: string): void;
}

export function createSnapshotBinding(world: World): SnapshotBinding {
  const { store } = world;
  return {
    goOn(snapshot) {
      if (snapshot.spec.source.volumeSnapshotContentName) bindGiven(snapshot);
      else makeContent(snapshot);
    },
    holdContent,
  };

  function holdContent(key: string): void {
    const { name } = splitKey(key);
    store.edit(SNAPSHOT_CONTENT, name, undefined, ({ metadata }) => {
      if (!metadata.deletionTimestamp)
        metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CONTENT_BOUND])];
    });
  }

  /** A snapshot of a claim. */
  function makeContent(asked: Stored): void {
    const claimName: string = asked.spec.source.persistentVolumeClaimName;
    const namespace = asked.metadata.namespace;
    if (asked.status?.boundVolumeSnapshotContentName) {
      const content = store.get(SNAPSHOT_CONTENT, asked.status.boundVolumeSnapshotContentName);
      if (content?.spec.deletionPolicy === 'Delete') hold(asked, SNAPSHOT_BOUND);
      tellStatus(asked, asked.status.boundVolumeSnapshotContentName);
      return;
    }
    const claim = store.get(CLAIM, claimName, namespace);
    const classed = withClass(world, asked, claim);
    const kind = store.get(SNAPSHOT_CLASS, classed.spec.volumeSnapshotClassName);
    if (!kind) {
      const missing = `volumesnapshotclass.snapshot.storage.k8s.io \\"${classed.spec.volumeSnapshotClassName}\\" not found`;
      const why = `failed to retrieve snapshot class ${classed.spec.volumeSnapshotClassName} from the informer: "${missing}"`;
      throw new SnapshotProblem('GetSnapshotClassFailed', `Failed to get snapshot class with error ${why}`, true);
    }
    const volume = claim?.spec.volumeName ? store.get(VOLUME, claim.spec.volumeName) : undefined;
    // Seen: with the class of another driver nothing ever happens, and nothing is said.
    if (volume?.spec.csi && volume.spec.csi.driver !== kind.driver) return;
    hold(classed, SNAPSHOT_AS_SOURCE);
    const cannot = (why: string) =>
      new SnapshotProblem('SnapshotContentCreationFailed', `Failed to create snapshot content with error ${why}`);
    const update = (why: string) =>
      cannot(`snapshot controller failed to update ${asked.metadata.name} on API server: ${why}`);
    if (!claim) throw update('cannot get claim from snapshot');
    if (claim.metadata.deletionTimestamp) throw update('cannot add finalizer on claim because it is being deleted');
    const words = (why: string) => `failed to get input parameters to create snapshot ${asked.metadata.name}: "${why}"`;
    if (claim.status?.phase !== 'Bound' || !volume)
      throw cannot(words(`the PVC ${claimName} is not yet bound to a PV, will not attempt to take a snapshot`));
    if (!volume.spec.csi) throw cannot(`cannot find CSI PersistentVolumeSource for volume ${volume.metadata.name}`);
    store.edit(CLAIM, claimName, namespace, ({ metadata }) => {
      metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), SOURCE_CLAIM_HELD])];
    });
    createContent(classed, kind, volume);
  }

  function createContent(classed: Stored, kind: Stored, volume: Stored): void {
    const name = `snapcontent-${classed.metadata.uid}`;
    const spec = {
      deletionPolicy: kind.deletionPolicy,
      driver: kind.driver,
      source: { volumeHandle: volume.spec.csi.volumeHandle },
      sourceVolumeMode: volume.spec.volumeMode,
      volumeSnapshotClassName: kind.metadata.name,
      volumeSnapshotRef: referenceTo(classed),
    };
    try {
      store.create(SNAPSHOT_CONTENT, { metadata: { name }, spec } as never);
    } catch (error) {
      if (!(error instanceof Refused) || error.reason !== 'AlreadyExists') throw error;
    }
    holdContent(`/${name}`);
    tellStatus(classed, name);
  }

  /** A snapshot that takes over a content which somebody wrote. */
  function bindGiven(snapshot: Stored): void {
    const { name, namespace, uid } = snapshot.metadata;
    const contentName: string = snapshot.spec.source.volumeSnapshotContentName;
    const content = store.get(SNAPSHOT_CONTENT, contentName);
    hold(snapshot, SNAPSHOT_AS_SOURCE);
    if (!content) throw new SnapshotProblem('SnapshotContentMissing', 'VolumeSnapshotContent is missing');
    const ref = content.spec.volumeSnapshotRef;
    if (!content.spec.source.snapshotHandle)
      throw new SnapshotProblem(
        'SnapshotContentMismatch',
        'VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one',
      );
    if (ref.name !== name || ref.namespace !== namespace || (ref.uid && ref.uid !== uid))
      throw new SnapshotProblem(
        'SnapshotContentMisbound',
        `VolumeSnapshotContent [${contentName}] is bound to a different snapshot`,
      );
    if (!ref.uid)
      store.edit(SNAPSHOT_CONTENT, contentName, undefined, ({ spec }) => {
        spec.volumeSnapshotRef = { ...spec.volumeSnapshotRef, uid };
        if (snapshot.spec.volumeSnapshotClassName) spec.volumeSnapshotClassName = snapshot.spec.volumeSnapshotClassName;
      });
    if (content.spec.deletionPolicy === 'Delete') hold(snapshot, SNAPSHOT_BOUND);
    tellStatus(snapshot, contentName);
  }

  /** What the driver wrote on the content is told on the snapshot. */
  function tellStatus({ metadata, status: before }: Stored, contentName: string): void {
    const content = store.get(SNAPSHOT_CONTENT, contentName);
    if (!content) {
      if (before?.readyToUse) throw new SnapshotProblem('SnapshotContentMissing', 'VolumeSnapshotContent is missing');
      return;
    }
    const { creationTime, readyToUse = false, restoreSize, error } = content.status ?? {};
    if (error && !readyToUse)
      throw new SnapshotProblem(
        'SnapshotContentCheckandUpdateFailed',
        `Failed to check and update snapshot content: ${error.message}`,
      );
    store.edit(SNAPSHOT, metadata.name, metadata.namespace, (snapshot) => {
      const { error: healed, ...kept } = snapshot.status ?? {};
      snapshot.status = {
        boundVolumeSnapshotContentName: contentName,
        ...(creationTime ? { creationTime: new Date(creationTime / 1e6).toISOString().replace(/\.\d+/, '') } : {}),
        readyToUse,
        ...(restoreSize === undefined ? {} : { restoreSize: quantityOf(restoreSize) }),
        ...(healed && !readyToUse ? { error: healed } : {}),
        ...(kept.creationTime ? { creationTime: kept.creationTime } : {}),
      };
    });
  }

  function hold({ metadata }: Stored, finalizer: string): void {
    store.edit(SNAPSHOT, metadata.name, metadata.namespace, (snapshot) => {
      const held = snapshot.metadata.finalizers ?? [];
      if (!snapshot.metadata.deletionTimestamp) snapshot.metadata.finalizers = [...new Set([...held, finalizer])];
    });
  }
}
