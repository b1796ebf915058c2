import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLAIM, CONFIG_MAP, SECRET, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { claimNamesOf } from './claims.ts';
import type { Directories, World } from './world.ts';

type PodVolume = Stored['spec']['volumes'][number];

function volumesOf(pod: Stored): PodVolume[] {
  return pod.spec.volumes ?? [];
}

/** Why the node cannot mount the pod's volumes yet; undefined when it can. */
export function waitsFor(world: World, pod: Stored): string | undefined {
  const { namespace } = pod.metadata;
  for (const volume of volumesOf(pod)) {
    const { secret, configMap } = volume;
    if (secret && !secret.optional && !world.store.get(SECRET, secret.secretName, namespace))
      return `secret "${secret.secretName}" not found`;
    if (configMap && !configMap.optional && !world.store.get(CONFIG_MAP, configMap.name, namespace))
      return `configmap "${configMap.name}" not found`;
  }
  for (const claimName of claimNamesOf(pod)) {
    const found = volumeOf(world, namespace, claimName);
    if (!found) return `volume of claim "${claimName}" not found`;
    if (found.spec.csi && !world.isAttached(found.metadata.name, pod.spec.nodeName))
      return `volume "${found.metadata.name}" is not attached`;
  }
  return undefined;
}

export function volumeOf(world: World, namespace: string | undefined, claimName: string): Stored | undefined {
  const volumeName = world.store.get(CLAIM, claimName, namespace)?.spec?.volumeName;
  return volumeName && world.store.get(VOLUME, volumeName);
}

/** Directories of all volumes of a pod, made and filled; `fsGroup` has been applied as the kubelet does. */
export function mountVolumes(world: World, pod: Stored): Directories {
  const made = join(world.folder, 'pods', pod.metadata.uid, 'volumes');
  return Object.fromEntries(
    volumesOf(pod).map((volume) => [volume.name, directoryFor(world, pod, volume, join(made, volume.name))]),
  );
}

function directoryFor(world: World, pod: Stored, volume: PodVolume, own: string): string {
  const { namespace } = pod.metadata;
  if (volume.persistentVolumeClaim || volume.ephemeral) {
    const { claimName, readOnly } = volume.persistentVolumeClaim ?? {
      claimName: `${pod.metadata.name}-${volume.name}`,
    };
    const found = volumeOf(world, namespace, claimName);
    if (!found) throw new Error(`claim ${claimName} has no volume`);
    const directory = world.directoryOf(found.metadata.name);
    const isOwned = found.spec.csi && found.spec.accessModes?.includes('ReadWriteOnce');
    if (isOwned) giveToGroup(directory, pod.spec.securityContext, readOnly === true);
    return directory;
  }
  if (volume.nfs) return world.exportOf(volume.nfs.server, volume.nfs.path);
  if (volume.hostPath) return volume.hostPath.path;
  mkdirSync(own, { recursive: true });
  if (volume.emptyDir) chmodSync(own, 0o777); // source: the kubelet's emptydir plugin, `perm`
  for (const source of volume.projected?.sources ?? [volume]) writeSource(world, pod, source, own);
  return own;
}

function writeSource(world: World, pod: Stored, source: PodVolume, folder: string): void {
  const { namespace } = pod.metadata;
  const { secret, configMap, serviceAccountToken } = source;
  if (serviceAccountToken) writeFileSync(join(folder, serviceAccountToken.path ?? 'token'), 'token of the double');
  const named = secret ?? configMap;
  if (!named) return;
  const kind = secret ? SECRET : CONFIG_MAP;
  const object = world.store.get(kind, secret?.secretName ?? named.name, namespace);
  for (const [key, content] of Object.entries(contentOf(object))) {
    const item = named.items?.find((one: { key: string }) => one.key === key);
    if (named.items && !item) continue;
    const file = join(folder, item?.path ?? key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, item?.mode ?? named.defaultMode ?? 0o644);
  }
}

/** Values of a Secret or ConfigMap as bytes, by key. */
export function contentOf(object: Stored | undefined): Record<string, Buffer> {
  const isSecret = object?.kind === 'Secret';
  const plain = Object.entries<string>(object?.stringData ?? {}).concat(
    isSecret ? [] : Object.entries(object?.data ?? {}),
  );
  const encoded = Object.entries<string>((isSecret ? object?.data : object?.binaryData) ?? {});
  return Object.fromEntries([
    ...encoded.map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
    ...plain.map(([key, value]) => [key, Buffer.from(value)] as const),
  ]);
}

/**
 * What the kubelet does for `fsGroup` before it mounts: group and modes of all that is on the volume. Saying `readOnly` on the
 * container's mount does not stop it (seen: 0700 became 2770); on the claim's entry it adds rights to read only.
 * Source: kubernetes pkg/volume/volume_linux.go, changeFilePermission.
 */
function giveToGroup(
  directory: string,
  context: { fsGroup?: number; fsGroupChangePolicy?: string } | undefined,
  readOnly: boolean,
): void {
  const group = context?.fsGroup;
  if (group === undefined) return;
  const root = lstatSync(directory);
  const isDone = root.gid === group && (root.mode & 0o2770) === 0o2770;
  if (context?.fsGroupChangePolicy === 'OnRootMismatch' && isDone) return;
  const give = (path: string) => {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return;
    const mask = (readOnly ? 0o440 : 0o660) | (stat.isDirectory() ? 0o2110 : 0);
    chownSync(path, stat.uid, group);
    chmodSync(path, (stat.mode & 0o7777) | mask);
    if (stat.isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
  };
  give(directory);
}
