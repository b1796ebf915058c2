import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { type Disk, openDisk } from './disk.ts';
import type { World } from './world.ts';

/** What one CSI driver of the double does; may be changed at any time. */
export interface Driver {
  readonly name: string;
  accessModes: readonly string[];
  /** How it calls a volume that it makes, and a snapshot. */
  volumeHandleOf: (volumeName: string) => string;
  snapshotHandleOf: (volumeHandle: string, snapshotUid: string) => string;
  /** What its volumes say of themselves besides who made them. */
  attributesOf: (volumeName: string) => Readonly<Record<string, string>>;
  /** Volumes carry this node affinity. */
  topologyKey?: string;
  /** The snapshot's bytes are taken so long after it was asked for; Infinity: it never answers. */
  snapshotMs: number;
  /** From then until it can be used; Infinity: never. */
  readyMs: number;
  /** Longhorn before 1.5: no snapshot of a volume that is attached nowhere. */
  refusesDetached: boolean;
  /** Longhorn: a claim from a snapshot must be exactly as large as its source was. */
  keepsSize: boolean;
  /** Longhorn's in-cluster snapshots. */
  snapshotsEndWithVolume: boolean;
}

/** What a snapshot is asked of, for faults. */
export interface SnapshotWish {
  readonly content: string;
  readonly driver: string;
  readonly volumeHandle: string;
  readonly snapshot: { readonly name: string; readonly namespace: string };
}

/** Answers of a driver that are not what was asked for; `final` ones are not tried again by the driver itself. */
export interface SnapshotFault {
  readonly error?: string;
  readonly snapshotMs?: number;
  readonly readyMs?: number;
}

export interface Waits {
  /** How often the claim binder looks at everything again. */
  resync: number;
  /** From the last pod's end until its volume begins to detach, and how long that takes. */
  idle: number;
  detach: number;
  attach: number;
  /** From a snapshot or volume that failed until it is tried again; twice as long each time after. */
  retry: number;
}

/** Behind the volumes of the double. */
export interface Storage {
  readonly disk: Disk;
  readonly waits: Waits;
  /** Asked before each snapshot is taken; undefined: nothing is wrong. */
  snapshotFault: (wish: SnapshotWish) => SnapshotFault | undefined;
  /** What stands behind `<server>:<path>` and below it; asked at each mount. */
  readonly exports: Map<string, () => string>;
  /** Provisioners that are no CSI drivers: what they put into the volume's spec. */
  readonly provisioners: Map<string, (claim: Stored, volumeName: string) => object>;
  driver(name: string): Driver;
  volumeFolder(volumeHandle: string): string;
  snapshotFolder(snapshotHandle: string): string;
  /** Of a snapshot that was taken. */
  readonly snapshots: Map<string, TakenSnapshot>;
}

export interface TakenSnapshot {
  readonly handle: string;
  readonly volumeHandle: string;
  readonly driver: string;
  /** Nanoseconds since 1970, as the driver says it. */
  readonly creationTime: number;
  readonly bytes: number;
  isReady: boolean;
}

export interface StorageOptions {
  readonly waits?: Partial<Waits>;
}

export async function createStorage(world: World, { waits = {} }: StorageOptions = {}): Promise<Storage> {
  const drivers = new Map<string, Driver>();
  const storage: Storage = {
    disk: await openDisk(world.folder),
    waits: { ...{ resync: 15_000, idle: 5, detach: 5, attach: 1, retry: 50 }, ...waits },
    snapshotFault: () => undefined,
    exports: new Map(),
    provisioners: new Map(),
    driver(name) {
      const known = drivers.get(name) ?? usualDriver(name);
      drivers.set(name, known);
      return known;
    },
    volumeFolder: (handle) => join(world.folder, 'volumes', encodeURIComponent(handle)),
    snapshotFolder: (handle) => join(world.folder, 'snapshots', encodeURIComponent(handle)),
    snapshots: new Map(),
  };
  world.exportOf = (server, path) => exported(storage, server, path);
  world.directoryOf = (volumeName) => {
    const spec = world.store.get(VOLUME, volumeName)?.spec;
    if (!spec) throw new Error(`there is no volume ${volumeName}`);
    if (spec.nfs) return exported(storage, spec.nfs.server, spec.nfs.path);
    const { server, share, clusterID, rootPath } = spec.csi?.volumeAttributes ?? {};
    if (server !== undefined && share !== undefined) return exported(storage, server, share);
    // A static volume of CephFS shows a folder of another one.
    if (rootPath !== undefined) return exported(storage, `ceph ${clusterID}`, rootPath);
    return storage.volumeFolder(spec.csi?.volumeHandle ?? volumeName);
  };
  return storage;
}

/** By the longest export that the path lies in, as a filer that lets one mount below an export. */
function exported(storage: Storage, server: string, path: string): string {
  const asked = `${server}:${path.replace(/\/+$/, '')}`;
  const [nearest] = [...storage.exports.keys()]
    .filter((known) => asked === known || asked.startsWith(`${known}/`))
    .sort((one, other) => other.length - one.length);
  const root = nearest === undefined ? undefined : storage.exports.get(nearest)?.();
  return root === undefined ? '/nonexistent/no-such-export' : join(root, asked.slice((nearest ?? '').length));
}

function usualDriver(name: string): Driver {
  const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  return {
    name,
    accessModes: ['ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod'],
    volumeHandleOf: short,
    snapshotHandleOf: (_volume, uid) => short(uid),
    attributesOf: () => ({}),
    snapshotMs: 2,
    readyMs: 0,
    ...{ refusesDetached: false, keepsSize: false, snapshotsEndWithVolume: false },
  };
}

/** A time as most objects carry it: whole seconds. */
export function stamp(world: World): string {
  return world.now().toISOString().replace(/\.\d+/, '');
}

/** Counts how often something failed, and says how long to wait. */
export function createPatience(storage: Storage): { next(key: string): number } {
  const failed = new Map<string, number>();
  return {
    next(key) {
      const times = failed.get(key) ?? 0;
      failed.set(key, times + 1);
      return storage.waits.retry * 2 ** Math.min(times, 12);
    },
  };
}
