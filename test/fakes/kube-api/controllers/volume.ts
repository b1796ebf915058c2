import { rm } from 'node:fs/promises';
import { ATTACHMENT, CLAIM, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Change, Stored } from '../store.ts';
import { ATTACHER_HOLDS } from './attachment.ts';
import { PROVISIONED_BY, PROVISIONER_HOLDS } from './provisioner.ts';
import { type Storage, stamp } from './storage.ts';
import { VOLUME_PROTECTION } from './storage-admission.ts';
import { startController, type World } from './world.ts';

/** Keeps the phase of volumes, and reclaims them: with `Delete` the bytes go too, with `Retain` they stay whole. */
export function startVolumeController(world: World, storage: Storage): () => void {
  const { store } = world;
  return startController(world, { kinds: [VOLUME, CLAIM, ATTACHMENT], keysOf: volumesOf, look });

  function volumesOf({ kind, object }: Change): string[] {
    if (kind.kind === 'PersistentVolume') return [object.metadata.name];
    if (kind.kind === 'VolumeAttachment') return [object.spec.source.persistentVolumeName];
    // A volume may be reserved for a claim that does not name it yet.
    const isOf = ({ metadata, spec }: Stored) =>
      metadata.name === object.spec?.volumeName ||
      (spec.claimRef?.name === object.metadata.name && spec.claimRef?.namespace === object.metadata.namespace);
    return store.list(VOLUME, undefined, isOf).map(({ metadata }) => metadata.name);
  }

  async function look(name: string): Promise<void> {
    const volume = store.get(VOLUME, name);
    if (!volume) return;
    if (volume.metadata.deletionTimestamp) return finish(volume);
    keepProvisionersHold(volume);
    const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec;
    if (!claimRef?.uid) return turn(volume, 'Available');
    const claim = store.get(CLAIM, claimRef.name, claimRef.namespace);
    // While its claim stands the binder says what it is.
    if (claim?.metadata.uid === claimRef.uid) return;
    turn(volume, 'Released');
    if (isAttached(name)) return;
    if (policy === 'Delete' && volume.metadata.annotations?.[PROVISIONED_BY]) store.remove(VOLUME, name);
  }

  function turn({ metadata }: Stored, phase: string): void {
    store.edit(VOLUME, metadata.name, undefined, (volume) => {
      if (volume.status?.phase !== phase) volume.status = { phase, lastPhaseTransitionTime: stamp(world) };
    });
  }

  /** Seen: the provisioner holds what it made for as long as it would have to delete its bytes. */
  function keepProvisionersHold({ metadata, spec }: Stored): void {
    if (!spec.csi || !metadata.annotations?.[PROVISIONED_BY]) return;
    const isHeld = metadata.finalizers?.includes(PROVISIONER_HOLDS) ?? false;
    const mayDelete = spec.persistentVolumeReclaimPolicy === 'Delete';
    if (isHeld === mayDelete) return;
    store.edit(VOLUME, metadata.name, undefined, (volume) => {
      const others = (volume.metadata.finalizers ?? []).filter((finalizer) => finalizer !== PROVISIONER_HOLDS);
      volume.metadata.finalizers = mayDelete ? [PROVISIONER_HOLDS, ...others] : others;
    });
  }

  function isAttached(name: string): boolean {
    return store.list(ATTACHMENT, undefined, ({ spec }) => spec.source.persistentVolumeName === name).length > 0;
  }

  async function finish({ metadata, spec }: Stored): Promise<void> {
    const claim = spec.claimRef && store.get(CLAIM, spec.claimRef.name, spec.claimRef.namespace);
    if (claim && claim.metadata.uid === spec.claimRef.uid) return;
    if (isAttached(metadata.name)) return;
    const finalizers = metadata.finalizers ?? [];
    if (spec.persistentVolumeReclaimPolicy === 'Delete' && metadata.annotations?.[PROVISIONED_BY]) await dropBytes();
    if (finalizers.includes(PROVISIONER_HOLDS)) letGo(PROVISIONER_HOLDS);
    if (finalizers.includes(VOLUME_PROTECTION)) letGo(VOLUME_PROTECTION);
    // Seen: the attacher holds a volume that it once attached until the very end.
    for (const one of finalizers) if (one.startsWith(ATTACHER_HOLDS)) letGo(one);

    function letGo(finalizer: string): void {
      store.edit(VOLUME, metadata.name, undefined, (volume) => {
        volume.metadata.finalizers = (volume.metadata.finalizers ?? []).filter((one) => one !== finalizer);
      });
    }
    async function dropBytes(): Promise<void> {
      const directory = world.directoryOf(metadata.name);
      if (!spec.csi) return rm(directory, { recursive: true, force: true });
      await storage.disk.drop(directory);
      for (const taken of storage.snapshots.values()) {
        if (taken.volumeHandle !== spec.csi?.volumeHandle || !storage.driver(taken.driver).snapshotsEndWithVolume)
          continue;
        storage.snapshots.delete(taken.handle);
        await storage.disk.drop(storage.snapshotFolder(taken.handle));
      }
    }
  }
}
