import { describe, expect, it } from 'vitest';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import type { Holder } from '../../../src/workspace/kubernetes/found.ts';
import { findHolders } from '../../../src/workspace/kubernetes/holders.ts';
import { CLAIM, CRON_JOB, DEPLOYMENT, JOB, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { createScene, mount, NAMESPACE, ownedBy, type Scene } from './scene.ts';

const RWX = { accessModes: ['ReadWriteMany'] };
const FILER = 'filer.internal';
const USER = 'ws1-user-1';

async function holdersOf(scene: Scene) {
  const { parts } = await findParts(scene.context);
  return inOrder(await findHolders(scene.context, parts));
}

/** The API lists by name. */
function inOrder(holders: readonly Holder[]): Holder[] {
  return [...holders].sort((one, other) => one.pod.localeCompare(other.pod));
}

async function podsOf(scene: Scene): Promise<string[]> {
  return (await holdersOf(scene)).map(({ pod }) => pod);
}

/** A second volume that shows a folder of the filer, with a claim of a user. */
function userShare(scene: Scene, path: string, server = FILER): void {
  const claimRef = { namespace: USER, name: 'projects' };
  scene.put(VOLUME, 'pv-of-user', { spec: { nfs: { server, path }, claimRef } });
  scene.put(CLAIM, 'projects', { spec: { volumeName: 'pv-of-user', ...RWX } }, USER);
}

async function external(): Promise<Scene> {
  const scene = await createScene();
  scene.claim('projects-pvc', { ...RWX, storageClassName: '' }, { nfs: { server: FILER, path: '/exports/ws1' } });
  return scene;
}

describe('holders of a part', () => {
  it('are pods with its claim mounted: bare ones, of DaemonSets, in state Pending', async () => {
    const scene = await createScene();
    scene.claim('data');
    scene.pod('bare', [mount('data')]);
    scene.pod('daemon', [mount('data')], { metadata: ownedBy('DaemonSet', 'publisher') });
    scene.pod('coming', [mount('data')], { phase: 'Pending' });
    expect(await holdersOf(scene)).toEqual(
      ['bare', 'coming', 'daemon'].map((pod) => ({ namespace: NAMESPACE, pod, part: 'data', readOnly: false })),
    );
  });

  it('are not pods that have ended, pods with other claims, claims of that name elsewhere, or ours', async () => {
    const scene = await createScene();
    scene.claim('data');
    scene.pod('ended', [mount('data')], { phase: 'Succeeded' });
    scene.pod('failed', [mount('data')], { phase: 'Failed' });
    scene.pod('other', [mount('else')]);
    scene.pod('elsewhere', [mount('data')], { namespace: USER });
    scene.pod('ours', [mount('data')], { metadata: { labels: { 'app.kubernetes.io/managed-by': 'cml-backup' } } });
    expect(await holdersOf(scene)).toEqual([]);
  });

  it('name the service that they belong to: through a ReplicaSet, and through the Job of a suspended CronJob', async () => {
    const scene = await createScene();
    scene.claim('data');
    scene.template(DEPLOYMENT, 'web');
    scene.put(CRON_JOB, 'clean', { spec: { suspend: true, jobTemplate: {} } });
    scene.put(JOB, 'clean-1', { metadata: ownedBy('CronJob', 'clean') });
    const web = { ...ownedBy('ReplicaSet', 'web-7f5d4'), labels: { 'pod-template-hash': '7f5d4' } };
    scene.pod('web-7f5d4-x', [mount('data')], { metadata: web });
    scene.pod('clean-1-x', [mount('data')], { metadata: ownedBy('Job', 'clean-1') });
    const services = (await holdersOf(scene)).map(({ pod, service }) => [pod, service]);
    expect(services).toEqual([
      ['clean-1-x', 'clean'],
      ['web-7f5d4-x', 'web'],
    ]);
  });

  it('say whether they can write: a claim or every mount of it may be read-only', async () => {
    const scene = await createScene();
    scene.claim('data');
    const containers = [{ name: 'main', volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] }];
    scene.pod('by-claim', [mount('data', true)]);
    scene.pod('by-mounts', [mount('data')], { spec: { containers } });
    const first = { name: 'first', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    scene.pod('first-writes', [mount('data')], { spec: { containers, initContainers: [first] } });
    const told = (await holdersOf(scene)).map(({ pod, readOnly }) => [pod, readOnly]);
    expect(told).toEqual([
      ['by-claim', true],
      ['by-mounts', true],
      ['first-writes', false],
    ]);
  });

  it.each([
    ['the same folder', '/exports/ws1'],
    ['a folder inside it', '/exports/ws1/projects/7'],
    ['a folder around it', '/exports'],
  ])("are users' pods whose own volume shows %s of the same server", async (_case, path) => {
    const scene = await external();
    userShare(scene, path);
    scene.pod('session', [mount('projects')], { namespace: USER });
    expect(await podsOf(scene)).toEqual(['session']);
  });

  it.each([
    ['a folder whose name only begins alike', '/exports/ws10', FILER],
    ['the same folder of another server', '/exports/ws1', 'other.internal'],
  ])("are not users' pods that show %s", async (_case, path, server) => {
    const scene = await external();
    userShare(scene, path, server);
    scene.pod('session', [mount('projects')], { namespace: USER });
    expect(await podsOf(scene)).toEqual([]);
  });

  it('are pods that mount the share without any claim', async () => {
    const scene = await external();
    const nfs = { server: FILER, path: '/exports/ws1/projects' };
    const csi = { driver: 'nfs.csi.k8s.io', volumeAttributes: { server: FILER, share: '/exports/ws1' } };
    scene.pod('inline', [{ name: 'projects', nfs }], { namespace: 'elsewhere' });
    scene.pod('inline-csi', [{ name: 'projects', csi }], { namespace: 'elsewhere' });
    expect(await podsOf(scene)).toEqual(['inline', 'inline-csi']);
  });

  it('are pods with a second volume of the same CSI folder', async () => {
    const scene = await createScene();
    const csi = { driver: 'cephfs.csi.ceph.com', volumeHandle: 'h' };
    scene.claim('projects-pvc', RWX, { csi });
    scene.put(VOLUME, 'static', { spec: { csi, claimRef: { namespace: USER, name: 'projects' } } });
    scene.pod('session', [mount('projects')], { namespace: USER });
    expect(await podsOf(scene)).toEqual(['session']);
  });

  it('are pods with a static volume on a folder inside of a CephFS folder', async () => {
    const scene = await createScene();
    const at = (folder: object) => ({ clusterID: 'c', fsName: 'fs', ...folder });
    const driver = 'cephfs.csi.ceph.com';
    const dynamic = { driver, volumeHandle: 'h', volumeAttributes: at({ subvolumePath: '/volumes/csi/v1' }) };
    const fixed = { driver, volumeHandle: 'other', volumeAttributes: at({ rootPath: '/volumes/csi/v1/projects' }) };
    scene.claim('projects-pvc', RWX, { csi: dynamic });
    scene.put(VOLUME, 'static', { spec: { csi: fixed, claimRef: { namespace: USER, name: 'projects' } } });
    scene.pod('session', [mount('projects')], { namespace: USER });
    expect(await podsOf(scene)).toEqual(['session']);
  });

  it('are the server of a shared folder, and whoever mounts it', async () => {
    const scene = await createScene();
    scene.claim('bytes');
    scene.claim(
      'projects-pvc',
      { ...RWX, storageClassName: 'served' },
      { nfs: { server: '10.0.0.1', path: '/export' } },
    );
    const { parts } = await findParts(scene.context);
    const [folder, bytes] = [
      parts.find(({ name }) => name === 'projects-pvc'),
      parts.find(({ name }) => name === 'bytes'),
    ];
    if (!folder || !bytes) throw new Error('parts are not there');
    const backing = { claim: bytes.claim, volume: bytes.volume, server: 'nfs', within: '' };
    scene.pod('server', [mount('bytes')]);
    scene.pod('client', [mount('projects-pvc')]);
    const holders = inOrder(await findHolders(scene.context, [{ ...folder, backing }]));
    expect(holders.map(({ pod }) => pod)).toEqual(['client', 'server']);
  });
});
