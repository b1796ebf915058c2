import type {
  V1Deployment,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1PodTemplateSpec,
  V1Service,
  V1StatefulSet,
  V1StorageClass,
} from '@kubernetes/client-node';
import { provisionersOf, servesFiles } from './service-order.ts';
import { nfsOf } from './share-of.ts';

/** What may serve a shared folder of the workspace from a claim in the workspace. */
export interface Servers {
  readonly workloads: readonly (V1Deployment | V1StatefulSet)[];
  readonly addresses: readonly V1Service[];
  readonly classes: readonly V1StorageClass[];
}

export interface ShareServer {
  readonly server: string;
  /** Name of the claim that holds the bytes. */
  readonly claim: string;
  /** Where below the root of that claim's volume the folder's files are. */
  readonly within: string;
}

/**
 * Who serves a shared folder, when that is a workload beside it with a claim of its own: the one that makes volumes of the
 * folder's class, or the one behind the address that the volume names. Seen as `longhorn-nfs-<workspace>` (cloudera.md 4.4).
 */
export function findShareServer(
  claim: V1PersistentVolumeClaim,
  volume: V1PersistentVolume,
  servers: Servers,
): ShareServer | undefined {
  const provisioner = servers.classes.find(
    ({ metadata }) => metadata?.name === claim.spec?.storageClassName,
  )?.provisioner;
  const address = addressOf(volume, servers.addresses);
  for (const workload of servers.workloads) {
    const template = workload.spec?.template;
    if (!servesFiles(template)) continue;
    const makesIt = provisioner !== undefined && provisionersOf(template).includes(provisioner);
    if (!makesIt && !(address && isBehind(address, template))) continue;
    const found = backingOf(template, nfsOf(volume)?.path);
    if (found) return { server: workload.metadata?.name ?? '', ...found };
  }
  return undefined;
}

/** The claim whose mount holds the exported path; the only one where no mount does. */
function backingOf(
  template: V1PodTemplateSpec | undefined,
  exported: string | undefined,
): Omit<ShareServer, 'server'> | undefined {
  const { volumes = [], containers = [] } = template?.spec ?? {};
  const claims = volumes.flatMap(({ name, persistentVolumeClaim }) =>
    persistentVolumeClaim ? [{ name, claim: persistentVolumeClaim.claimName }] : [],
  );
  const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
  for (const { name, claim } of claims) {
    for (const { mountPath, subPath } of mounts.filter((mount) => mount.name === name)) {
      if (exported !== mountPath && !exported?.startsWith(`${mountPath}/`)) continue;
      const below = exported.slice(mountPath.length).split('/').filter(Boolean);
      return { claim, within: [...(subPath === undefined ? [] : [subPath]), ...below].join('/') };
    }
  }
  const [only] = claims;
  return only && claims.length === 1 ? { claim: only.claim, within: '' } : undefined;
}

/** The address inside the cluster that a volume's server is. */
function addressOf(volume: V1PersistentVolume, addresses: readonly V1Service[]): V1Service | undefined {
  const server = nfsOf(volume)?.server;
  if (server === undefined) return undefined;
  return addresses.find(({ metadata, spec }) => {
    const name = `${metadata?.name}.${metadata?.namespace}`;
    return spec?.clusterIP === server || server === name || server.startsWith(`${name}.svc`);
  });
}

export function isBehind({ spec }: V1Service, template: V1PodTemplateSpec | undefined): boolean {
  const selector = Object.entries(spec?.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => template?.metadata?.labels?.[key] === value);
}
