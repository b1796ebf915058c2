import { CLAIM, SNAPSHOT, SNAPSHOT_CLASS, SNAPSHOT_CONTENT } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Change, Stored } from '../store.ts';
import { tell } from './events.ts';
import { createSnapshotBinding } from './snapshot-binding.ts';
import {
  BEING_DELETED,
  SNAPSHOT_AS_SOURCE,
  SNAPSHOT_BOUND,
  SnapshotProblem,
  SOURCE_CLAIM_HELD,
} from './snapshot-marks.ts';
import { stamp } from './storage.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/**
 * The snapshot controller: finds the class, holds what must be held, makes or binds the content and tells its status on. The
 * driver's side is `snapshotter.ts`. Source: kubernetes-csi/external-snapshotter pkg/common-controller/snapshot_controller.go.
 */
export function startSnapshotController(world: World): () => void {
  const { store } = world;
  const binding = createSnapshotBinding(world);
  const stops = [
    startController(world, { kinds: [SNAPSHOT, SNAPSHOT_CONTENT, SNAPSHOT_CLASS, CLAIM], keysOf, look }),
    startController(world, {
      kinds: [SNAPSHOT_CONTENT],
      keysOf: ({ object }) => [keyOf(object)],
      look: binding.holdContent,
    }),
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
    const isUnderWay = ({ status, metadata }: Stored) =>
      status?.readyToUse !== true || metadata.deletionTimestamp !== undefined;
    return store.list(SNAPSHOT, undefined, isUnderWay).map(keyOf);
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
      binding.goOn(snapshot);
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
