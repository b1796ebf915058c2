import { describe, expect, it } from 'vitest';
import type { RunProgram } from '../../../src/program.ts';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import {
  ADDRESS,
  AUTOSCALER,
  DEPLOYMENT,
  NAMESPACE as NAMESPACES,
  SNAPSHOT_CLASS,
  STATEFUL_SET,
  STORAGE_CLASS,
  VALIDATING_WEBHOOK,
} from '../../../src/workspace/kubernetes/kinds.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { createScene, mount, NAMESPACE, ownedBy, RBD, type Scene } from './scene.ts';

const RWX = { accessModes: ['ReadWriteMany'] };
const NFS = { server: 'filer.internal', path: '/exports/ws1' };

/** Nothing about it is worth a warning. */
async function plain(settings: object = {}): Promise<Scene> {
  const scene = await createScene(settings);
  scene.put(STORAGE_CLASS, 'block', { provisioner: RBD });
  scene.put(SNAPSHOT_CLASS, 'snap', { driver: RBD, deletionPolicy: 'Retain' });
  scene.template(DEPLOYMENT, 'web', { replicas: 3 });
  scene.template(STATEFUL_SET, 'db', { volumes: [mount('data-db-0')] });
  scene.claim('data-db-0');
  scene.claim('registry-pvc');
  for (const claim of ['data-db-0', 'registry-pvc']) scene.pod(`pod-of-${claim}`, [mount(claim)]);
  const volume = ['data-db-0', 'registry-pvc'].map((name) => {
    return { pvcRef: { name, namespace: NAMESPACE }, usedBytes: 4_096, availableBytes: 9_000, inodesUsed: 3 };
  });
  scene.answers.set('/api/v1/nodes/node-1/proxy/stats/summary', { pods: [{ volume }] });
  return scene;
}

async function warningsOf(scene: Scene): Promise<readonly string[]> {
  return (await inspectWorkspace(scene.context, { count: true })).warnings;
}

describe('looking at a workspace', () => {
  it('tells release, services, parts and what they hold, without a warning when all is well', async () => {
    const found = await inspectWorkspace((await plain()).context, { count: true });
    expect(found).toMatchObject({
      release: '2.0.51',
      services: [
        { name: 'web', running: true, ready: true },
        { name: 'db', running: true, ready: true },
      ],
      leftOut: [],
      warnings: [],
    });
    expect(found.parts[0]).toMatchObject({
      ...{ name: 'data-db-0', path: '/mnt/cml/live/data-db-0', present: true, capture: 'snapshot' },
      ...{ files: 3, bytes: 4_096, freeBytes: Number.MAX_SAFE_INTEGER },
    });
  });

  it('tells that a service without pods does not run and is not ready', async () => {
    const scene = await plain();
    scene.template(DEPLOYMENT, 'api', { replicas: 0 });
    const { services } = await inspectWorkspace(scene.context);
    expect(services.find(({ name }) => name === 'api')).toEqual({ name: 'api', running: false, ready: false });
  });

  it('asks for no permission and counts nothing when it is only a look', async () => {
    const scene = await plain();
    const { parts, warnings } = await inspectWorkspace(scene.context);
    expect(Object.keys(scene.context.cluster.requests()).filter((one) => one.includes('review'))).toEqual([]);
    expect(parts[0]).toMatchObject({ files: 0, bytes: 0 });
    expect(warnings).toEqual([]);
  });

  it('refuses when a permission is missing that a promise hangs on, and says which', async () => {
    const scene = await plain();
    scene.forbid({ verb: 'create', resource: 'volumesnapshots' });
    await expect(inspectWorkspace(scene.context, { count: true })).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('create volumesnapshots in ws1'),
    });
  });

  it('refuses when a service could not come up again, and says what the server said', async () => {
    const scene = await plain();
    scene.letNoPodIn('pods of db are not wanted');
    await expect(inspectWorkspace(scene.context, { count: true })).rejects.toMatchObject({
      message: expect.stringContaining('pods of db are not wanted'),
    });
  });

  it('tells whose note of what ran stands on the services', async () => {
    const scene = await plain();
    await noteRunning(scene.context, 'op_0123456789');
    expect((await inspectWorkspace(scene.context)).notedBy).toBe('op_0123456789');
  });

  it('refuses when somebody would scale a service up again who cannot be held still', async () => {
    const scene = await plain();
    scene.template(DEPLOYMENT, 'api', { metadata: ownedBy('MLWorkspace', 'ws1') });
    await expect(inspectWorkspace(scene.context)).rejects.toMatchObject({
      message: expect.stringContaining('api would be scaled up again by the operator of MLWorkspace ws1'),
    });
  });

  it('refuses a backup for which no image is known, and still tells what runs', async () => {
    const context = { ...(await createScene()).context, image: '' };
    await expect(inspectWorkspace(context, { count: true })).rejects.toMatchObject({
      message: 'No image is known for movers and the guard.',
      hint: expect.stringContaining('platform.movers.image'),
    });
    expect(await inspectWorkspace(context)).toMatchObject({ services: [] });
  });

  it('refuses a namespace that is not there, or is labelled to be left', async () => {
    const gone = await plain();
    gone.store.remove(NAMESPACES, NAMESPACE);
    await expect(inspectWorkspace(gone.context)).rejects.toMatchObject({
      message: 'There is no namespace ws1 on this cluster.',
      hint: expect.stringContaining('its context'),
    });
    const left = await plain();
    left.store.edit(NAMESPACES, NAMESPACE, undefined, ({ metadata }) => {
      metadata.labels = { 'cml-backup/leave': 'true' };
    });
    await expect(inspectWorkspace(left.context)).rejects.toThrow('labelled cml-backup/leave');
  });

  it('says that a part is not there when its claim has none', async () => {
    const { parts } = await inspectWorkspace((await plain({ parts: { expected: {} } })).context);
    expect(parts.find(({ name }) => name === 'expected')).toMatchObject({ present: false });
  });

  it('has a walker count what statistics do not tell, and the rest not', async () => {
    const scene = await plain();
    scene.claim('projects-pvc', { ...RWX, storageClassName: '' }, { nfs: NFS });
    const asked: string[] = [];
    const run: RunProgram = async ({ key }, { onLine }) => {
      asked.push(key);
      onLine?.('7 700 2');
      return { exitCode: 0, signal: null, stderr: [], durationMs: 1 };
    };
    const walker = { run, folder: '/tmp/op_0' };
    const counted = await inspectWorkspace(scene.context, { count: true, walker });
    expect(asked).toEqual(['count-projects-pvc']);
    expect(counted.parts.find(({ name }) => name === 'projects-pvc')).toMatchObject({ files: 7, bytes: 700 });
    const since = await inspectWorkspace(scene.context, { since: '2026-01-01T00:00:00.000Z', walker });
    expect(since.parts.map(({ files, writtenSince }) => [files, writtenSince])).toEqual([
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
  });

  it('says what could not be counted when nobody walks', async () => {
    const scene = await plain();
    scene.claim('projects-pvc', { ...RWX, storageClassName: '' }, { nfs: NFS });
    expect(await warningsOf(scene)).toContain('projects-pvc was not counted: no running pod has it mounted.');
  });
});

describe('warnings about a workspace', () => {
  it.each<[string, RegExp, (scene: Scene) => void]>([
    [
      'two default storage classes',
      /2 default storage classes: one, two/,
      (scene) => {
        const metadata = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
        for (const name of ['one', 'two']) scene.put(STORAGE_CLASS, name, { metadata, provisioner: 'x' });
      },
    ],
    [
      'snapshots that vanish with their objects',
      /Snapshots of snap vanish/,
      (scene) => {
        scene.store.edit(SNAPSHOT_CLASS, 'snap', undefined, (object) => {
          object.deletionPolicy = 'Delete';
        });
      },
    ],
    [
      'volumes that are deleted with their claims',
      /deleted with their claims: livelog/,
      (scene) => scene.claim('livelog', {}, { persistentVolumeReclaimPolicy: 'Delete' }),
    ],
    [
      'volumes that scaling down would delete',
      /livelog deletes its volumes when it is scaled down/,
      (scene) => {
        const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete' };
        scene.template(STATEFUL_SET, 'livelog', { spec: { persistentVolumeClaimRetentionPolicy } });
      },
    ],
    [
      'autoscalers',
      /web is scaled by the autoscaler web: it stands still/,
      (scene) => scene.put(AUTOSCALER, 'web', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } }),
    ],
    [
      'services that the API server itself asks',
      /web stops last and starts first, or stays up: the API server itself asks it/,
      (scene) => {
        const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
        const clientConfig = { service: { name: 'web', namespace: NAMESPACE } };
        scene.put(ADDRESS, 'web', { spec: { selector: { app: 'web' } } });
        scene.put(VALIDATING_WEBHOOK, 'maps', {
          webhooks: [{ name: 'w', clientConfig, rules, failurePolicy: 'Fail' }],
        });
      },
    ],
    [
      "people's workloads, and of how many the owner is not known",
      /workloads run \(1 session, 1 unknown\).*not stopped; of 2 the owner cannot be known/,
      (scene) => {
        const namespace = 'ws1-user-1';
        scene.pod('one', [], { namespace, metadata: { labels: { 'ds-role': 'session' } } });
        scene.pod('two', [], { namespace });
      },
    ],
    ['claims of sessions', /Claims of single sessions are left out: 1/, (scene) => scene.claim('28f3a063', RWX)],
    [
      'a filer that others may write to',
      /projects-pvc is on filer.internal: whoever writes/,
      (scene) => scene.claim('projects-pvc', { ...RWX, storageClassName: '' }, { nfs: NFS }),
    ],
    [
      'permissions that would let us see more',
      /We may not get nodes\/proxy everywhere/,
      (scene) => scene.forbid({ resource: 'nodes/proxy' }),
    ],
  ])('name %s', async (_case, sentence, change) => {
    const scene = await plain();
    expect((await warningsOf(scene)).filter((one) => sentence.test(one))).toEqual([]);
    change(scene);
    expect((await warningsOf(scene)).filter((one) => sentence.test(one))).toHaveLength(1);
  });

  it('say that images are not in the backup where no registry stands in the namespace', async () => {
    const scene = await createScene();
    scene.claim('data');
    expect(await warningsOf(scene)).toContainEqual(
      expect.stringContaining('Images that people built are not in the backup'),
    );
  });
});
