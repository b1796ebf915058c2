import { startAttachmentController } from './attachment.ts';
import { startClaimBinder } from './claim-binder.ts';
import { startSnapshotController } from './snapshot.ts';
import { startSnapshotter } from './snapshotter.ts';
import { createStorage, type Storage, type StorageOptions } from './storage.ts';
import { admitStorage } from './storage-admission.ts';
import { startVolumeController } from './volume.ts';
import type { World } from './world.ts';

/** Everything behind volumes, until the world stops. */
export async function startStorage(world: World, options: StorageOptions = {}): Promise<Storage> {
  const storage = await createStorage(world, options);
  world.onStop(() => storage.disk.rest());
  admitStorage(world.store);
  for (const stop of [
    startClaimBinder(world, storage),
    startVolumeController(world, storage),
    startAttachmentController(world, storage),
    startSnapshotController(world),
    startSnapshotter(world, storage),
  ])
    world.onStop(stop);
  return storage;
}
