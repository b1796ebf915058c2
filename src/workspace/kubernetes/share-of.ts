import type { V1PersistentVolume, V1Volume } from '@kubernetes/client-node';

/** A folder of a file server. Two volumes may show the same one, or one inside the other. */
export interface Share {
  readonly server: string;
  readonly path: string;
}

/**
 * What a volume shows of a file server: NFS by the kubelet or by a driver (`server` and `share`, as csi-driver-nfs has them),
 * or a folder of a CephFS (static: `rootPath`, dynamic: `subvolumePath`; source: ceph-csi docs/cephfs/static-pvc.md).
 */
export function shareOf(volume: V1PersistentVolume): Share | undefined {
  const { nfs, csi } = volume.spec ?? {};
  if (nfs) return { server: nfs.server, path: cleaned(nfs.path) };
  const attributes = csi?.volumeAttributes ?? {};
  const { clusterID, fsName = '', rootPath, subvolumePath } = attributes;
  const folder = rootPath ?? subvolumePath;
  if (clusterID !== undefined && folder !== undefined)
    return { server: `ceph ${clusterID} ${fsName}`, path: cleaned(folder) };
  return driverShare(attributes);
}

/** The same of a volume that stands in a pod itself. */
export function shareInPod({ nfs, csi }: V1Volume): Share | undefined {
  if (nfs) return { server: nfs.server, path: cleaned(nfs.path) };
  return driverShare(csi?.volumeAttributes ?? {});
}

/** Only of NFS: where the share is, for volumes of our own that show it too. */
export function nfsOf(volume: V1PersistentVolume): Share | undefined {
  const share = shareOf(volume);
  return share?.server.startsWith('ceph ') ? undefined : share;
}

/** The same share at another path, as a volume would show it. */
export function withSharePath(volume: V1PersistentVolume, path: string): V1PersistentVolume {
  const { nfs, csi } = volume.spec ?? {};
  if (nfs) return { ...volume, spec: { ...volume.spec, nfs: { ...nfs, path } } };
  if (!csi) return volume;
  const { subdir: _, ...attributes } = csi.volumeAttributes ?? {};
  const shown = {
    ...csi,
    volumeHandle: `${csi.volumeHandle}#${path}`,
    volumeAttributes: { ...attributes, share: path },
  };
  return { ...volume, spec: { ...volume.spec, csi: shown } };
}

/** The same folder, or one inside the other. */
export function overlaps(one: Share, other: Share): boolean {
  if (one.server.toLowerCase() !== other.server.toLowerCase()) return false;
  return isWithin(one.path, other.path) || isWithin(other.path, one.path);
}

function driverShare({ server, share, subdir = '' }: Record<string, string>): Share | undefined {
  if (server === undefined || share === undefined) return undefined;
  return { server, path: cleaned(`${share}/${subdir}`) };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}

function cleaned(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}
