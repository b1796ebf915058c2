import { CLAIM, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { build, type Ground } from './build.ts';
import { putClass, putDriver, putSnapshotClass } from './classes.ts';
import { putRoute } from './definition.ts';
import { type Layout, type LayoutOptions, WORKSPACE } from './layout.ts';
import { putClaim } from './objects.ts';
import { OPENSHIFT_ONLY } from './services.ts';

export const RBD = 'openshift-storage.rbd.csi.ceph.com';
export const CEPHFS = 'openshift-storage.cephfs.csi.ceph.com';
const CLUSTER = 'openshift-storage';
const FOLDERS = 'ocs-storagecluster-cephfs';

/** OpenShift with Ceph: block volumes by RBD, the shared folder by CephFS; both snapshot. */
export function makeOpenshiftCeph(lab: KubeLab, options: LayoutOptions = {}): Promise<Layout> {
  const rbd = lab.storage.driver(RBD);
  const cephfs = lab.storage.driver(CEPHFS);
  rbd.accessModes = ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany'];
  for (const [driver, letter] of [
    [rbd, 'r'],
    [cephfs, 'f'],
  ] as const) {
    driver.volumeHandleOf = (name) => `0001-0011-${CLUSTER}-${letter}-${name.replace(/^pvc-/, '')}`;
    driver.snapshotHandleOf = (_volume, uid) => `0001-0011-${CLUSTER}-${letter}-snap-${uid}`;
  }
  cephfs.attributesOf = (name) => ({
    ...{ clusterID: CLUSTER, fsName: 'ocs-storagecluster-cephfilesystem' },
    ...{ subvolumeName: `csi-vol-${name}`, subvolumePath: `/volumes/csi/csi-vol-${name}` },
  });
  putDriver(lab, RBD);
  putDriver(lab, CEPHFS);
  const parameters = { clusterID: CLUSTER };
  putClass(lab, 'ocs-storagecluster-ceph-rbd', RBD, { isDefault: true, parameters });
  putClass(lab, FOLDERS, CEPHFS, { parameters });
  putSnapshotClass(lab, 'ocs-storagecluster-rbdplugin-snapclass', RBD, parameters);
  putSnapshotClass(lab, 'ocs-storagecluster-cephfsplugin-snapclass', CEPHFS, parameters);
  return build(lab, ground, options);
}

const ground: Ground = {
  name: 'openshift-ceph',
  nodes: ['ocp-worker-1', 'ocp-worker-2', 'ocp-worker-3'],
  ...{ blockClass: 'ocs-storagecluster-ceph-rbd', blockDriver: RBD, more: OPENSHIFT_ONLY },
  annotations: {
    'openshift.io/sa.scc.mcs': 's0:c27,c4',
    'openshift.io/sa.scc.uid-range': '1000720000/10000',
    'openshift.io/sa.scc.supplemental-groups': '1000720000/10000',
  },
  putProjects(lab) {
    const requests = { storage: '100Gi' };
    putClaim(lab, 'projects-pvc', 'projects', {
      ...{ accessModes: ['ReadWriteMany'], storageClassName: FOLDERS, resources: { requests } },
    });
  },
  projects: { location: 'internal', driver: CEPHFS },
  projectSource({ store, storage, world }) {
    const name: string = store.get(CLAIM, 'projects-pvc', WORKSPACE)?.spec.volumeName;
    const { subvolumePath, fsName } = store.get(VOLUME, name)?.spec.csi.volumeAttributes ?? {};
    storage.exports.set(`ceph ${CLUSTER}:${subvolumePath}`, () => world.directoryOf(name));
    const rootPath = `${subvolumePath}/projects/0/1`;
    const volumeAttributes = { clusterID: CLUSTER, fsName, rootPath, staticVolume: 'true' };
    return { csi: { driver: CEPHFS, volumeHandle: `static-${name}`, volumeAttributes } };
  },
  putAddress: putRoute,
};
