import {
  CLAIM,
  SNAPSHOT,
  SNAPSHOT_CLASS,
  SNAPSHOT_CONTENT,
  VOLUME,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import { type Change, Refused, type Stored } from '../store.ts';
import { referenceTo } from './claims.ts';
import { tell } from './events.ts';
import { quantityOf } from './quantity.ts';
import { stamp } from './storage.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const HOLDS = 'snapshot.storage.kubernetes.io';
export const SOURCE_CLAIM_HELD = `${HOLDS}/pvc-as-source-protection`;
export const SNAPSHOT_AS_SOURCE = `${HOLDS}/volumesnapshot-as-source-protection`;
export const SNAPSHOT_BOUND = `${HOLDS}/volumesnapshot-bound-protection`;
export const CONTENT_BOUND = `${HOLDS}/volumesnapshotcontent-bound-protection`;
export const BEING_DELETED = `${HOLDS}/volumesnapshot-being-deleted`;
const DEFAULT_CLASS = `${HOLDS}/is-default-class`;

class SnapshotProblem extends Error {
  readonly reason: string;
  /** Seen: problems with the class leave `readyToUse` out, later ones say false. */
  readonly isEarly: boolean;
  constructor(reason: string, message: string, isEarly = false) {
    super(message);
    this.reason = reason;
    this.isEarly = isEarly;
  }
}

/**
 * The snapshot controller: finds the class, holds what must be held, makes or binds the content and tells its status on. The
 * driver's side is `snapshotter.ts`. Source: kubernetes-csi/external-snapshotter pkg/common-controller/snapshot_controller.go.
 */
export function startSnapshotController(world: World): () => void {
  const { store } = world;
  const stops = [
    startController(world, { kinds: [SNAPSHOT, SNAPSHOT_CONTENT, SNAPSHOT_CLASS, CLAIM], keysOf, look }),
    startController(world, { kinds: [SNAPSHOT_CONTENT], keysOf: ({ object }) => [keyOf(object)], look: holdContent }),
  ];
  return () => {
    for (const stop of stops) stop();
  };

  function keysOf({ kind, object }: Change): string[] {
    if (kind.kind === 'VolumeSnapshot') return [keyOf(object)];
    if (kind.kind === 'VolumeSnapshotContent') {
      const { namespace, name } = object.spec.volumeSnapshotRef;
      return [`${namespace}/${name}`];
    }
    // What could not be done without this class or claim is tried again; claims being deleted wait for their snapshots.
    return store
      .list(SNAPSHOT)
      .filter(({ status, metadata }) => status?.readyToUse !== true || metadata.deletionTimestamp)
      .map(keyOf);
  }

  function holdContent(key: string): void {
    const { name } = splitKey(key);
    store.edit(SNAPSHOT_CONTENT, name, undefined, ({ metadata }) => {
      if (!metadata.deletionTimestamp)
        metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CONTENT_BOUND])];
    });
  }

  function look(key: string): void {
    const { namespace, name } = splitKey(key);
    const snapshot = store.get(SNAPSHOT, name, namespace);
    if (!snapshot) {
      freeClaims(namespace);
      return;
    }
    if (snapshot.metadata.deletionTimestamp) {
      finish(snapshot);
      freeClaims(namespace);
      return;
    }
    try {
      if (snapshot.spec.source.volumeSnapshotContentName) bindGiven(snapshot);
      else makeContent(snapshot);
    } catch (error) {
      if (!(error instanceof SnapshotProblem)) throw error;
      fail(snapshot, error);
    }
    freeClaims(namespace);
  }

  function fail({ metadata }: Stored, { message, reason, isEarly }: SnapshotProblem): void {
    const failed = store.edit(SNAPSHOT, metadata.name, metadata.namespace, (snapshot) => {
      if (snapshot.status?.error?.message === message) return;
      const told = { ...snapshot.status, error: { message, time: stamp(world) } };
      snapshot.status = isEarly ? told : { ...told, readyToUse: false };
    });
    if (failed) tell(world, failed, 'Warning', reason, message);
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
    const classed = withClass(asked, claim);
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

  function withClass(snapshot: Stored, claim: Stored | undefined): Stored {
    if (snapshot.spec.volumeSnapshotClassName) return snapshot;
    const cannot = (why: string) =>
      new SnapshotProblem(
        'SetDefaultSnapshotClassFailed',
        `Failed to set default snapshot class with error ${why}`,
        true,
      );
    const claimName: string = snapshot.spec.source.persistentVolumeClaimName;
    if (!claim)
      throw cannot(
        `failed to retrieve PVC ${claimName} from the lister: "persistentvolumeclaim \\"${claimName}\\" not found"`,
      );
    const volume = claim.spec.volumeName ? store.get(VOLUME, claim.spec.volumeName) : undefined;
    if (!volume) throw cannot(`the PVC ${claimName} is not yet bound to a PV`);
    if (!volume.spec.csi) throw cannot(`snapshotting non-CSI volumes is not supported, snapshot:${keyOf(snapshot)}`);
    const usual = store
      .list(SNAPSHOT_CLASS)
      .filter(
        (kind) => kind.driver === volume.spec.csi.driver && kind.metadata.annotations?.[DEFAULT_CLASS] === 'true',
      );
    if (usual.length === 0) throw cannot('cannot find default snapshot class');
    if (usual.length > 1) throw cannot(`${usual.length} default snapshot classes were found`);
    const { name, namespace } = snapshot.metadata;
    return (
      store.edit(SNAPSHOT, name, namespace, ({ spec }) => {
        spec.volumeSnapshotClassName = usual[0]?.metadata.name;
      }) ?? snapshot
    );
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

  function letGo({ metadata }: Stored, ...finalizers: readonly string[]): void {
    store.edit(SNAPSHOT, metadata.name, metadata.namespace, (snapshot) => {
      snapshot.metadata.finalizers = (snapshot.metadata.finalizers ?? []).filter((one) => !finalizers.includes(one));
    });
  }

  function finish(snapshot: Stored): void {
    const { name, namespace, uid } = snapshot.metadata;
    const isBeingRead = store
      .list(CLAIM, namespace)
      .some(
        ({ spec, status }) =>
          spec.dataSource?.kind === 'VolumeSnapshot' && spec.dataSource.name === name && status?.phase === 'Pending',
      );
    const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? `snapcontent-${uid}`;
    const content = store.get(SNAPSHOT_CONTENT, contentName);
    const isOurs = content?.spec.volumeSnapshotRef.uid === uid;
    if (isBeingRead && isOurs) {
      tell(world, snapshot, 'Warning', 'SnapshotDeletePending', 'Snapshot is being used to restore a PVC');
      return;
    }
    if (!content || !isOurs) {
      letGo(snapshot, SNAPSHOT_AS_SOURCE, SNAPSHOT_BOUND);
      return;
    }
    store.edit(SNAPSHOT_CONTENT, contentName, undefined, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [BEING_DELETED]: 'yes' };
    });
    const goesToo = content.spec.deletionPolicy === 'Delete';
    if (goesToo && !content.metadata.deletionTimestamp) store.remove(SNAPSHOT_CONTENT, contentName);
    letGo(snapshot, SNAPSHOT_AS_SOURCE, ...(goesToo ? [] : [SNAPSHOT_BOUND]));
  }

  /** A claim is held while a snapshot of it is not ready, whatever the reason. */
  function freeClaims(namespace: string): void {
    for (const claim of store.list(CLAIM, namespace)) {
      const { name, finalizers = [] } = claim.metadata;
      if (!finalizers.includes(SOURCE_CLAIM_HELD)) continue;
      const isBusy = store
        .list(SNAPSHOT, namespace)
        .some(({ spec, status }) => spec.source.persistentVolumeClaimName === name && status?.readyToUse !== true);
      if (isBusy) continue;
      store.edit(CLAIM, name, namespace, ({ metadata }) => {
        metadata.finalizers = (metadata.finalizers ?? []).filter((held) => held !== SOURCE_CLAIM_HELD);
      });
    }
  }
}
