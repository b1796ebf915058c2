import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import {
  CLAIM,
  type Kind,
  NODE,
  POD,
  SNAPSHOT,
  SNAPSHOT_CLASS,
  STORAGE_CLASS,
} from '../../src/workspace/kubernetes/kinds.ts';
import { startStorage } from '../fakes/kube-api/controllers/start-storage.ts';
import type { Storage, StorageOptions } from '../fakes/kube-api/controllers/storage.ts';
import { createWorld, type World } from '../fakes/kube-api/controllers/world.ts';
import { createStore, type Store, type Stored } from '../fakes/kube-api/store.ts';

export const SPACE = 'cml-demo';
export const HOSTPATH = 'hostpath.csi.k8s.io';

export interface Scene {
  readonly world: World;
  readonly store: Store;
  readonly storage: Storage;
  make(kind: Kind, object: object): Stored;
  /** Resolves with the object once it is so. */
  until(kind: Kind, name: string, isSo: (object: Stored) => boolean): Promise<Stored>;
  gone(kind: Kind, name: string): Promise<void>;
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** Storage alone, with the classes of the recordings. */
export async function makeScene(options: StorageOptions = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-kube-storage-'));
  const store = createStore();
  const world = createWorld({ store, folder });
  const storage = await startStorage(world, options);
  const hostpath = storage.driver(HOSTPATH);
  hostpath.topologyKey = 'topology.hostpath.csi/node';
  hostpath.volumeHandleOf = () => randomUUID();
  hostpath.snapshotHandleOf = () => randomUUID();
  const make = (kind: Kind, object: object) => store.create(kind, object as KubernetesObject);
  make(NODE, { metadata: { name: 'lab-node' } });
  const klass = { provisioner: HOSTPATH, reclaimPolicy: 'Delete', allowVolumeExpansion: true };
  make(STORAGE_CLASS, { metadata: { name: 'csi-hostpath-sc' }, ...klass, volumeBindingMode: 'Immediate' });
  make(STORAGE_CLASS, { metadata: { name: 'csi-hostpath-wffc' }, ...klass, volumeBindingMode: 'WaitForFirstConsumer' });
  const annotations = { 'snapshot.storage.kubernetes.io/is-default-class': 'true' };
  make(SNAPSHOT_CLASS, {
    ...{ metadata: { name: 'csi-hostpath-snapclass', annotations }, driver: HOSTPATH, deletionPolicy: 'Delete' },
  });
  return {
    ...{ world, store, storage, make },
    until: (kind, name, isSo) => until(store, kind, name, isSo),
    async gone(kind, name) {
      await waitFor(store, `${kind.kind} ${name} is gone`, () => !find(store, kind, name));
    },
    async settle() {
      for (let version = -1; version !== store.version(); ) {
        version = store.version();
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    },
    async dispose() {
      await world.stop();
      await rm(folder, { recursive: true, force: true });
      if (world.failures.length > 0) throw world.failures[0];
    },
  };
}

const find = (store: Store, kind: Kind, name: string) => store.get(kind, name, kind.namespaced ? SPACE : undefined);

async function until(store: Store, kind: Kind, name: string, isSo: (object: Stored) => boolean): Promise<Stored> {
  return waitFor(store, `${kind.kind} ${name} is as awaited`, () => {
    const found = find(store, kind, name);
    return found && isSo(found) ? found : undefined;
  });
}

function waitFor<T>(store: Store, what: string, look: () => T | undefined | false): Promise<T> {
  return new Promise((resolve, reject) => {
    const now = look();
    if (now) return resolve(now);
    const late = setTimeout(() => {
      stop();
      reject(new Error(`never: ${what}`));
    }, 10_000);
    const stop = store.listen(() => {
      const found = look();
      if (!found) return;
      clearTimeout(late);
      stop();
      resolve(found);
    });
  });
}

export const isBound = ({ status }: Stored) => status?.phase === 'Bound';
export const isReady = ({ status }: Stored) => status?.readyToUse === true;

export function claim(name: string, spec: object = {}, metadata: object = {}): object {
  const resources = { requests: { storage: '2Gi' } };
  const usual = { accessModes: ['ReadWriteOnce'], resources, storageClassName: 'csi-hostpath-sc' };
  return { metadata: { name, namespace: SPACE, ...metadata }, spec: { ...usual, ...spec } };
}

export function snapshot(name: string, claimName: string, spec: object = {}): object {
  return { metadata: { name, namespace: SPACE }, spec: { source: { persistentVolumeClaimName: claimName }, ...spec } };
}

export function fromSnapshot(name: string): object {
  return { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } };
}

/** The claim of the recordings: `data-db-0`, itself made from a snapshot. */
export async function makeDataClaim(scene: Scene): Promise<Stored> {
  scene.make(CLAIM, claim('origin'));
  await scene.until(CLAIM, 'origin', isBound);
  scene.make(SNAPSHOT, snapshot('snap-data-db-0', 'origin'));
  await scene.until(SNAPSHOT, 'snap-data-db-0', isReady);
  scene.make(CLAIM, claim('data-db-0', fromSnapshot('snap-data-db-0'), { labels: { app: 'db' } }));
  const bound = await scene.until(CLAIM, 'data-db-0', isBound);
  await scene.settle();
  return bound;
}

/** A pod on the node that has a claim mounted. */
export function makeUser(scene: Scene, name: string, claimName: string, nodeName = 'lab-node'): void {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
  const spec = { nodeName, containers: [], volumes };
  scene.make(POD, { metadata: { name, namespace: SPACE }, spec, status: { phase: 'Running' } });
}
