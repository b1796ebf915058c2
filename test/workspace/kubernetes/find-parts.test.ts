import { describe, expect, it } from 'vitest';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import type { FoundPart } from '../../../src/workspace/kubernetes/found.ts';
import {
  ADDRESS,
  CLAIM,
  DEPLOYMENT,
  SNAPSHOT_CLASS,
  STATEFUL_SET,
  STORAGE_CLASS,
  VOLUME,
} from '../../../src/workspace/kubernetes/kinds.ts';
import { createScene, mount, RBD, type Scene } from './scene.ts';

const RWX = { accessModes: ['ReadWriteMany'] };
const CEPHFS = 'cephfs.csi.ceph.com';
const NFS = { server: 'filer.internal', path: '/exports/ws1' };

async function partOf(scene: Scene, name: string): Promise<FoundPart> {
  const part = (await findParts(scene.context)).parts.find((one) => one.name === name);
  if (!part) throw new Error(`no part ${name}`);
  return part;
}

function withClass(scene: Scene, driver = RBD, rest: object = {}): Scene {
  scene.put(SNAPSHOT_CLASS, `snap-${driver}`, { driver, deletionPolicy: 'Delete', ...rest });
  return scene;
}

function served(scene: Scene, options: { args?: string[]; path?: string } = {}): Scene {
  scene.put(STORAGE_CLASS, 'longhorn-nfs-sc-ws1', { provisioner: 'longhorn-pv-ws1' });
  scene.claim('longhorn-nfs-ws1');
  scene.claim(
    'projects-pvc',
    { ...RWX, storageClassName: 'longhorn-nfs-sc-ws1' },
    { nfs: { server: '10.43.0.9', path: options.path ?? '/export/pvc-1' } },
  );
  scene.template(DEPLOYMENT, 'longhorn-nfs-ws1', {
    container: {
      args: options.args ?? [],
      ports: [{ containerPort: 2049 }],
      volumeMounts: [{ name: 'longhorn-nfs-ws1', mountPath: '/export' }],
    },
    volumes: [mount('longhorn-nfs-ws1')],
  });
  return scene;
}

describe('parts of a namespace', () => {
  it('are its bound claims: volumes captured by snapshot where the driver has a class', async () => {
    const scene = withClass(await createScene());
    scene.claim('postgres-data-versioned-db-0');
    expect(await partOf(scene, 'postgres-data-versioned-db-0')).toMatchObject({
      ...{ kind: 'volume', location: 'internal', driver: RBD, capture: 'snapshot' },
      possible: ['snapshot', 'two-pass', 'cold', 'after-start'],
    });
  });

  it('are copied in two passes where the driver has no class, and the reason says so', async () => {
    const scene = await createScene();
    scene.claim('data');
    const part = await partOf(scene, 'data');
    expect(part).toMatchObject({ capture: 'two-pass', possible: ['two-pass', 'cold', 'after-start'] });
    expect(part.reason).toContain(`no snapshot class is there for ${RBD}`);
  });

  it('stay planned as a snapshot that is not possible where classes are set up wrongly', async () => {
    const scene = withClass(await createScene({ snapshotClasses: { [RBD]: 'snap-other' } }), 'other');
    scene.claim('data');
    const part = await partOf(scene, 'data');
    expect(part.capture).toBe('snapshot');
    expect(part.possible).not.toContain('snapshot');
    expect(part.reason).toContain('snap-other is for other');
  });

  it('can only be copied cold when a single pod may mount them, and then only when asked', async () => {
    const scene = await createScene({ parts: { asked: { capture: 'cold' } } });
    scene.claim('data', { accessModes: ['ReadWriteOncePod'] });
    scene.claim('asked', { accessModes: ['ReadWriteOncePod'] });
    expect(await partOf(scene, 'data')).toMatchObject({ capture: 'snapshot', possible: ['cold'] });
    expect(await partOf(scene, 'asked')).toMatchObject({ capture: 'cold', possible: ['cold'] });
  });

  it('cannot be captured when they are raw block devices', async () => {
    const scene = withClass(await createScene());
    scene.claim('raw', { volumeMode: 'Block' });
    expect(await partOf(scene, 'raw')).toMatchObject({ possible: [] });
  });

  it('are an external shared folder when it is a kept NFS volume with an empty class', async () => {
    const scene = await createScene();
    scene.claim('projects-pvc', { ...RWX, storageClassName: '' }, { nfs: NFS });
    const part = await partOf(scene, 'projects-pvc');
    expect(part).toMatchObject({ kind: 'shared-folder', location: 'external', nfs: NFS, capture: 'two-pass' });
    expect(part.exclude).toContain('/mnt/cml/live/projects-pvc/.snapshot');
  });

  it('are an external shared folder on an NFS driver too, which makes no snapshots unless a class is configured', async () => {
    const driver = 'nfs.csi.k8s.io';
    const volume = {
      csi: { driver, volumeHandle: 'h', volumeAttributes: { server: 'filer.internal', share: '/exports/ws1' } },
    };
    const scene = withClass(await createScene(), driver);
    scene.claim('projects-pvc', RWX, volume);
    expect(await partOf(scene, 'projects-pvc')).toMatchObject({ location: 'external', nfs: NFS, capture: 'two-pass' });
    const configured = withClass(await createScene({ snapshotClasses: { [driver]: `snap-${driver}` } }), driver);
    configured.claim('projects-pvc', RWX, volume);
    expect((await partOf(configured, 'projects-pvc')).capture).toBe('snapshot');
  });

  it('are an internal shared folder on CephFS, captured by snapshot', async () => {
    const scene = withClass(await createScene(), CEPHFS);
    scene.claim('projects-pvc', RWX, { csi: { driver: CEPHFS, volumeHandle: 'h' } });
    expect(await partOf(scene, 'projects-pvc')).toMatchObject({
      ...{ kind: 'shared-folder', location: 'internal', driver: CEPHFS, capture: 'snapshot' },
    });
  });

  it('are a shared folder with the claim behind it, where a workload beside it makes volumes of its class', async () => {
    const scene = served(withClass(await createScene()), { args: ['-provisioner=longhorn-pv-ws1'] });
    const { parts } = await findParts(scene.context);
    expect(parts.map(({ name }) => name)).toEqual(['projects-pvc']);
    expect(parts[0]).toMatchObject({
      ...{ kind: 'shared-folder', location: 'internal', driver: RBD, capture: 'snapshot' },
      backing: { server: 'longhorn-nfs-ws1', within: 'pvc-1', claim: { metadata: { name: 'longhorn-nfs-ws1' } } },
    });
  });

  it('are the same where only the address of its server tells', async () => {
    const scene = served(withClass(await createScene()), { path: '/export' });
    scene.put(ADDRESS, 'nfs', { spec: { clusterIP: '10.43.0.9', selector: { app: 'longhorn-nfs-ws1' } } });
    expect((await partOf(scene, 'projects-pvc')).backing).toMatchObject({ server: 'longhorn-nfs-ws1', within: '' });
  });

  it('have no claim behind them where nothing in the namespace serves them', async () => {
    expect((await partOf(served(await createScene()), 'projects-pvc')).backing).toBeUndefined();
  });

  it('are not claims of sessions, counted, and not ours', async () => {
    const scene = await createScene();
    scene.claim('28f3a063', { ...RWX, storageClassName: 'cdsw-storageclass-whiteout' });
    scene.put(CLAIM, 'cml-scratch', {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'cml-backup' } },
      spec: { volumeName: 'x', accessModes: ['ReadWriteOnce'] },
    });
    expect(await findParts(scene.context)).toEqual({ parts: [], leftOut: [], missing: [], ofSessions: 1 });
  });

  it('are left out with the reason that the configuration, or a label, gives', async () => {
    const scene = await createScene({ parts: { cache: { leaveOut: 'can be built again' } } });
    scene.claim('cache');
    scene.claim('left');
    scene.store.edit(CLAIM, 'left', 'ws1', ({ metadata }) => {
      metadata.labels = { 'cml-backup/leave': 'true' };
    });
    const { parts, leftOut } = await findParts(scene.context);
    expect(parts).toEqual([]);
    expect(leftOut).toEqual([
      { name: 'cache', reason: 'can be built again' },
      { name: 'left', reason: 'its claim is labelled cml-backup/leave' },
    ]);
  });

  it('are missing when their volume is gone, or they are configured and not there', async () => {
    const scene = await createScene({ parts: { expected: {} } });
    scene.claim('data');
    scene.store.remove(VOLUME, 'pv-data');
    scene.store.edit(VOLUME, 'pv-data', undefined, ({ metadata }) => {
      metadata.finalizers = [];
    });
    const { parts, missing } = await findParts(scene.context);
    expect(parts).toEqual([]);
    expect(missing.map(({ name }) => name)).toEqual(['data', 'expected']);
  });

  it('are missing when a service that runs waits for a volume, and left out when nobody does', async () => {
    const scene = await createScene();
    const pending = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Pending' } };
    scene.put(CLAIM, 'data-db-0', pending);
    scene.put(CLAIM, 'forgotten', pending);
    scene.template(STATEFUL_SET, 'db', { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } });
    const { leftOut, missing } = await findParts(scene.context);
    expect(missing.map(({ name }) => name)).toEqual(['data-db-0']);
    expect(leftOut.map(({ name }) => name)).toEqual(['forgotten']);
  });

  it('have names, captures and paths that are left out as configured', async () => {
    const scene = await createScene({
      parts: { 'projects-pvc': { name: 'projects', capture: 'cold', exclude: ['scratch'] } },
    });
    scene.claim('projects-pvc', RWX);
    const part = await partOf(scene, 'projects');
    expect(part.capture).toBe('cold');
    expect(part.exclude).toEqual(['/mnt/cml/live/projects/scratch', '/mnt/cml/snapshot/projects/scratch']);
  });

  it('have names of their own: two that share one are refused', async () => {
    const scene = await createScene({ parts: { one: { name: 'same' }, two: { name: 'same' } } });
    scene.claim('one');
    scene.claim('two');
    await expect(findParts(scene.context)).rejects.toMatchObject({ code: 'preflight-failed' });
  });

  it('have a name that parts may have, though a claim may have a longer one', async () => {
    const scene = await createScene();
    scene.claim(`a-${'very-'.repeat(14)}long-claim`);
    const [part] = (await findParts(scene.context)).parts;
    expect(part?.name).toHaveLength(63);
  });
});
