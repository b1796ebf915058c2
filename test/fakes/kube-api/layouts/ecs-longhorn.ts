import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIM, DEPLOYMENT, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Behaviour } from '../controllers/world.ts';
import type { KubeLab } from '../lab.ts';
import { build, type Ground, unbound } from './build.ts';
import { putClass, putDriver, putSnapshotClass } from './classes.ts';
import { putIngress, SERVICE } from './definition.ts';
import { eventually, type Layout, type LayoutOptions, WORKSPACE } from './layout.ts';
import { blockClaim, put, putClaim } from './objects.ts';
import { USUAL } from './services.ts';

export const LONGHORN = 'driver.longhorn.io';
const SETTING = { apiVersion: 'longhorn.io/v1beta2', kind: 'Setting', plural: 'settings', namespaced: true };
const SERVER = `longhorn-nfs-${WORKSPACE}`;
const ADDRESS = '10.43.7.21';
const SHARES = `longhorn-nfs-sc-${WORKSPACE}`;

export interface LonghornOptions extends LayoutOptions {
  /** Before 1.5 it took no snapshot of a detached volume. */
  readonly beforeVersion15?: boolean;
}

/** ECS with Longhorn; the shared folder is served by a Deployment of the workspace from a Longhorn volume. */
export function makeEcsLonghorn(lab: KubeLab, options: LonghornOptions = {}): Promise<Layout> {
  putLonghorn(lab, options.beforeVersion15);
  return build(lab, ground, options);
}

/** Classes and driver as ECS brings them. Source: reference/cloudera.md 4.5 and 4.6. */
export function putLonghorn(lab: KubeLab, beforeVersion15 = false): void {
  const driver = lab.storage.driver(LONGHORN);
  Object.assign(driver, { refusesDetached: beforeVersion15, keepsSize: true, snapshotsEndWithVolume: true });
  driver.volumeHandleOf = (volumeName) => volumeName;
  driver.snapshotHandleOf = (volume, uid) => `snap://${volume}/snapshot-${uid}`;
  put(lab, SETTING, {
    metadata: { name: 'current-longhorn-version', namespace: 'longhorn-system' },
    value: beforeVersion15 ? 'v1.3.2' : 'v1.8.2',
  });
  const parameters = { numberOfReplicas: '3', staleReplicaTimeout: '30', fsType: 'ext4' };
  putDriver(lab, LONGHORN);
  putClass(lab, 'longhorn', LONGHORN, { isDefault: true, parameters });
  putClass(lab, 'longhorn-nfs', 'nfs.longhorn.io');
  putClass(lab, 'local-path', 'rancher.io/local-path', { volumeBindingMode: 'WaitForFirstConsumer' });
  putSnapshotClass(lab, 'longhorn-snapshot', LONGHORN, { type: 'snap' });
}

const ground: Ground = {
  name: 'ecs-longhorn',
  nodes: ['ecs-worker-1', 'ecs-worker-2', 'ecs-worker-3'],
  ...{ blockClass: 'longhorn', blockDriver: LONGHORN },
  async putFirst(lab) {
    const { store, storage, world } = lab;
    putClaim(lab, SERVER, SERVER, blockClaim('longhorn', '466Gi'));
    await eventually(lab, 10_000, () => unbound(lab, [SERVER]));
    // Whatever volume its claim is bound to now is what the server shows.
    const served = () => world.directoryOf(store.get(CLAIM, SERVER, WORKSPACE)?.spec.volumeName ?? '');
    storage.exports.set(`${ADDRESS}:/export`, served);
    storage.provisioners.set(`longhorn-pv-${WORKSPACE}`, (_claim, volumeName) => {
      mkdirSync(join(served(), volumeName), { recursive: true });
      return { nfs: { server: ADDRESS, path: `/export/${volumeName}` }, mountOptions: ['vers=4.1'] };
    });
    putClass(lab, SHARES, `longhorn-pv-${WORKSPACE}`);
    putServer(lab);
    for (const { name, projects } of USUAL)
      if (projects !== undefined) world.behaviours.set(`${WORKSPACE}/${name}`, mountedFrom(lab));
    return [SERVER];
  },
  putProjects(lab) {
    const requests = { storage: '100Gi' };
    putClaim(lab, 'projects-pvc', 'projects', {
      ...{ accessModes: ['ReadWriteMany'], storageClassName: SHARES, resources: { requests } },
    });
  },
  projects: { location: 'internal', driver: LONGHORN },
  projectSource({ store }) {
    const { uid } = store.get(CLAIM, 'projects-pvc', WORKSPACE)?.metadata ?? {};
    return { nfs: { server: ADDRESS, path: `/export/pvc-${uid}/projects/0/1` } };
  },
  putAddress: putIngress,
};

/** A program whose files come from a server in the cluster: without that it neither starts nor ends. */
function mountedFrom({ store }: KubeLab): Behaviour {
  const isServed = () =>
    store
      .list(POD, WORKSPACE)
      .some(({ metadata, status }) => metadata.labels?.app === SERVER && status?.phase === 'Running');
  return {
    get neverEnds() {
      return !isServed();
    },
    refuses: () => (isServed() ? undefined : `mount.nfs: Connection refused for ${ADDRESS}:/export`),
  };
}

function putServer(lab: KubeLab): void {
  const metadata = { name: SERVER, namespace: WORKSPACE, labels: { app: SERVER } };
  const container = {
    ...{ name: 'nfs', image: 'longhornio/nfs-ganesha:latest', args: [`-provisioner=longhorn-pv-${WORKSPACE}`] },
    ports: [{ name: 'nfs', containerPort: 2049 }],
    volumeMounts: [{ name: 'export', mountPath: '/export' }],
  };
  const volumes = [{ name: 'export', persistentVolumeClaim: { claimName: SERVER } }];
  put(lab, DEPLOYMENT, {
    metadata,
    spec: {
      ...{ replicas: 1, strategy: { type: 'Recreate' }, selector: { matchLabels: { app: SERVER } } },
      template: { metadata: { labels: { app: SERVER } }, spec: { containers: [container], volumes } },
    },
  });
  put(lab, SERVICE, {
    metadata,
    spec: { clusterIP: ADDRESS, selector: { app: SERVER }, ports: [{ name: 'nfs', port: 2049 }] },
  });
}
