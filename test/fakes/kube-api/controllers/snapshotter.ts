import { existsSync } from 'node:fs';
import { ATTACHMENT, SNAPSHOT, SNAPSHOT_CONTENT, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { bytesOf } from './quantity.ts';
import { BEING_CREATED, BEING_DELETED, CONTENT_BOUND } from './snapshot-marks.ts';
import { createPatience, type Storage, stamp, type TakenSnapshot } from './storage.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** The driver's side of snapshots: takes them as real copies, looks given ones up, deletes them. */
export function startSnapshotter(world: World, storage: Storage): () => void {
  const { store } = world;
  const waiting = new Set<string>();
  const taking = new Set<string>();
  const patience = createPatience(storage);
  return startController(world, { kinds: [SNAPSHOT_CONTENT], keysOf: ({ object }) => [keyOf(object)], look });

  async function look(key: string): Promise<void> {
    const { name } = splitKey(key);
    const content = store.get(SNAPSHOT_CONTENT, name);
    if (!content?.metadata.finalizers?.includes(CONTENT_BOUND)) return;
    if (content.metadata.deletionTimestamp) await drop(content);
    else if (content.spec.source.snapshotHandle) await lookUp(content);
    else if (!content.status?.snapshotHandle) await take(content);
  }

  function write({ metadata }: Stored, status: object): void {
    store.edit(SNAPSHOT_CONTENT, metadata.name, undefined, (content) => {
      content.status = status;
    });
  }

  function mark({ metadata }: Stored, isBeingCreated: boolean): void {
    store.edit(SNAPSHOT_CONTENT, metadata.name, undefined, (content) => {
      const { [BEING_CREATED]: _, ...others } = content.metadata.annotations ?? {};
      if (isBeingCreated) content.metadata.annotations = { ...others, [BEING_CREATED]: 'yes' };
      else if (Object.keys(others).length > 0) content.metadata.annotations = others;
      else delete content.metadata.annotations;
    });
  }

  /** Written again when it still cannot be done; a wait that never ends is not begun twice. */
  function later({ metadata }: Stored, ms: number, work: () => Promise<void>): void {
    if (!Number.isFinite(ms) || waiting.has(metadata.uid)) return;
    waiting.add(metadata.uid);
    world.after(ms, () => {
      waiting.delete(metadata.uid);
      work().catch((error: unknown) => world.failures.push(error));
    });
  }

  async function take(content: Stored): Promise<void> {
    if (waiting.has(content.metadata.uid) || taking.has(content.metadata.uid)) return;
    const { driver: driverName, source, volumeSnapshotRef } = content.spec;
    const driver = storage.driver(driverName);
    const fault = storage.snapshotFault({
      ...{ content: content.metadata.name, driver: driverName, volumeHandle: source.volumeHandle },
      snapshot: { name: volumeSnapshotRef.name, namespace: volumeSnapshotRef.namespace },
    });
    const refusal = fault?.error ?? refused(driverName, source.volumeHandle);
    mark(content, true);
    if (refusal !== undefined) {
      const words = `failed to take snapshot of the volume ${source.volumeHandle}: "rpc error: code = Internal desc = ${refusal}"`;
      write(content, { error: { message: words, time: stamp(world) }, readyToUse: false });
      mark(content, false);
      later(content, patience.next(content.metadata.uid), () => look(`/${content.metadata.name}`));
      return;
    }
    later(content, fault?.snapshotMs ?? driver.snapshotMs, async () => {
      taking.add(content.metadata.uid);
      await complete(content, fault?.readyMs ?? driver.readyMs).finally(() => taking.delete(content.metadata.uid));
    });
  }

  function refused(driverName: string, volumeHandle: string): string | undefined {
    const volume = volumeOf(volumeHandle);
    if (!existsSync(storage.volumeFolder(volumeHandle))) return `volume ${volumeHandle} not found`;
    const holds = ({ spec, status }: Stored) =>
      spec.source.persistentVolumeName === volume?.metadata.name && status?.attached;
    const isAttached = store.list(ATTACHMENT, undefined, holds).length > 0;
    if (storage.driver(driverName).refusesDetached && !isAttached)
      return `volume ${volumeHandle} is invalid state for taking snapshot: detached`;
    return undefined;
  }

  function volumeOf(volumeHandle: string): Stored | undefined {
    return store.list(VOLUME, undefined, ({ spec }) => spec.csi?.volumeHandle === volumeHandle)[0];
  }

  async function complete(content: Stored, readyMs: number): Promise<void> {
    const { name, uid } = content.metadata;
    if (store.get(SNAPSHOT_CONTENT, name)?.metadata.uid !== uid) return;
    const { driver, source, volumeSnapshotRef } = content.spec;
    const handle = storage.driver(driver).snapshotHandleOf(source.volumeHandle, volumeSnapshotRef.uid);
    const creationTime = world.now().getTime() * 1e6;
    await storage.disk.copy(storage.volumeFolder(source.volumeHandle), storage.snapshotFolder(handle));
    const bytes = bytesOf(volumeOf(source.volumeHandle)?.spec.capacity?.storage);
    const taken: TakenSnapshot = {
      ...{ handle, volumeHandle: source.volumeHandle, driver, creationTime, bytes, isReady: readyMs === 0 },
    };
    storage.snapshots.set(handle, taken);
    write(content, statusOf(taken));
    mark(content, false);
    if (!taken.isReady) later(content, readyMs, () => ready(content, taken));
  }

  async function ready(content: Stored, taken: TakenSnapshot): Promise<void> {
    taken.isReady = true;
    write(content, statusOf(taken));
  }

  function statusOf({ creationTime, isReady, bytes, handle }: TakenSnapshot): object {
    return { creationTime, readyToUse: isReady, restoreSize: bytes, snapshotHandle: handle };
  }

  async function lookUp(content: Stored): Promise<void> {
    const handle: string = content.spec.source.snapshotHandle;
    const taken = storage.snapshots.get(handle);
    if (taken && taken.driver === content.spec.driver) {
      write(content, statusOf(taken));
      return;
    }
    const message = `failed to list snapshot ${handle}: "rpc error: code = NotFound desc = snapshot ${handle} not found"`;
    if (content.status?.error?.message !== message)
      write(content, { error: { message, time: stamp(world) }, readyToUse: false });
  }

  /** The bytes go only with `Delete`; while a driver has not answered whether it took one, nothing goes (seen in issues). */
  async function drop(content: Stored): Promise<void> {
    const { metadata, spec, status } = content;
    if (metadata.annotations?.[BEING_CREATED]) return;
    const { name, namespace, uid } = spec.volumeSnapshotRef;
    const isServing = uid !== undefined && store.get(SNAPSHOT, name, namespace)?.metadata.uid === uid;
    if (isServing && !metadata.annotations?.[BEING_DELETED]) return;
    const handle = status?.snapshotHandle ?? spec.source.snapshotHandle;
    if (spec.deletionPolicy === 'Delete' && handle) {
      await storage.disk.drop(storage.snapshotFolder(handle));
      storage.snapshots.delete(handle);
      write(content, {});
    }
    store.edit(SNAPSHOT_CONTENT, metadata.name, undefined, (standing) => {
      standing.metadata.finalizers = (standing.metadata.finalizers ?? []).filter((one) => one !== CONTENT_BOUND);
    });
  }
}
