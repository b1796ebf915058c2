import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import {
  ADDRESS,
  CLAIM,
  DEPLOYMENT,
  SNAPSHOT_CLASS,
  STATEFUL_SET,
  STORAGE_CLASS,
  VOLUME,
  type VolumeSnapshotClass,
} from './kinds.ts';
import type { Servers } from './share-server.ts';

/** Everything that says what a workspace's storage is like, as it stands now. */
export interface Storage extends Servers {
  readonly claims: readonly V1PersistentVolumeClaim[];
  /** The volumes of these claims, by name. */
  readonly volumes: ReadonlyMap<string, V1PersistentVolume>;
  readonly snapshotClasses: readonly VolumeSnapshotClass[];
}

/** Volumes are read one by one: a cluster may have thousands that are none of our business. */
export async function readStorage({ cluster, namespace }: KubeContext): Promise<Storage> {
  const [claims, deployments, statefulSets, addresses, classes, snapshotClasses] = await Promise.all([
    cluster.list(CLAIM, { namespace }),
    cluster.list(DEPLOYMENT, { namespace }),
    cluster.list(STATEFUL_SET, { namespace }),
    cluster.list(ADDRESS, { namespace }),
    cluster.list(STORAGE_CLASS),
    cluster.serves(SNAPSHOT_CLASS).then((isServed) => (isServed ? cluster.list(SNAPSHOT_CLASS) : [])),
  ]);
  const names = new Set(claims.flatMap(({ spec }) => spec?.volumeName || []));
  const volumes = await Promise.all([...names].map((name) => cluster.read(VOLUME, name)));
  return {
    claims,
    volumes: new Map(volumes.flatMap((volume) => (volume ? [[volume.metadata?.name ?? '', volume]] : []))),
    workloads: [...deployments, ...statefulSets],
    ...{ addresses, classes, snapshotClasses },
  };
}
