import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  AUTOSCALER,
  CLAIM,
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  POD,
  REPLICA_SET,
  SCALED_OBJECT,
  STATEFUL_SET,
  VALIDATING_WEBHOOK,
  VOLUME,
} from '../../src/workspace/kubernetes/kinds.ts';
import { actsAsDatabase, SCHEMA_FILE, writesTo } from '../fakes/kube-api/controllers/behaviours.ts';
import { ringCronJob } from '../fakes/kube-api/controllers/cron-job.ts';
import { deleteObject } from '../fakes/kube-api/controllers/garbage.ts';
import { ARGO_APPLICATION, FLUX_KUSTOMIZATION } from '../fakes/kube-api/controllers/gitops.ts';
import { createNode, summaryOf } from '../fakes/kube-api/controllers/nodes.ts';
import { isReady } from '../fakes/kube-api/controllers/pod-status.ts';
import type { Stored } from '../fakes/kube-api/store.ts';
import { makeScene, type Scene, SPACE, service, settled } from './workload-scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await makeScene();
});
afterEach(() => scene.dispose());

const ready = (app: string) => scene.pods(app).filter(isReady).length;

/** Stands for the storage: binds every claim as soon as it is made. */
function bindClaims(): void {
  const { store } = scene.world;
  store.listen(({ type, kind, object }) => {
    if (kind.kind !== 'PersistentVolumeClaim' || type !== 'ADDED') return;
    const name = `pv-${object.metadata.name}`;
    if (!store.get(VOLUME, name)) store.create(VOLUME, { metadata: { name }, spec: {} } as never);
    store.edit(CLAIM, object.metadata.name, SPACE, (claim) => {
      claim.spec.volumeName = name;
      claim.status = { phase: 'Bound' };
    });
  });
}

const dataOf = (claim: string) => scene.world.directoryOf(`pv-${claim}`);

function database(change: object = {}, image = 'db:1'): object {
  const wish = service('db', { isProbed: true }) as Stored;
  wish.spec.template.spec.containers[0].image = image;
  const templates = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
  return { ...wish, spec: { ...wish.spec, volumeClaimTemplates: templates, ...change } };
}

test('lets a pod wait until a node has as much of a processor as it requests', async () => {
  const ask = (name: string, cpu: string) => {
    const wish = service(name, { replicas: 1 }) as Stored;
    wish.spec.template.spec.containers[0].resources = { requests: { cpu } };
    scene.make(DEPLOYMENT, wish);
  };
  ask('large', '7500m'); // of 8
  await scene.until(() => ready('large') === 1);
  ask('small', '250m');
  await scene.until(() => ready('small') === 1);
  ask('late', '0.5');
  const why = () =>
    scene.pods('late')[0]?.status?.conditions?.find(({ type }: { type: string }) => type === 'PodScheduled');
  await scene.until(() => why()?.status === 'False');
  expect(why()?.message).toContain('room');
  scene.scale(DEPLOYMENT, 'small', 0);
  await scene.until(() => ready('late') === 1);
});

test('makes an empty claim for a StatefulSet whose claim is missing', async () => {
  bindClaims();
  scene.make(STATEFUL_SET, database());
  await scene.until(() => ready('db') === 1);
  expect(scene.get(CLAIM, 'data-db-0')?.metadata.labels).toEqual({ app: 'db' });
  scene.scale(STATEFUL_SET, 'db', 0);
  await scene.until(() => scene.pods('db').length === 0);
  const before = scene.get(CLAIM, 'data-db-0')?.metadata.uid;
  scene.world.store.edit(CLAIM, 'data-db-0', SPACE, ({ metadata }) => {
    metadata.finalizers = [];
  });
  scene.world.store.remove(CLAIM, 'data-db-0', SPACE);
  scene.scale(STATEFUL_SET, 'db', 1);
  await scene.until(() => ready('db') === 1);
  expect(scene.get(CLAIM, 'data-db-0')?.metadata.uid).not.toBe(before);
});

test.each([
  ['Delete', true],
  ['Retain', false],
])('scaled to zero with whenScaled %s, a StatefulSet loses its claims: %s', async (whenScaled, isLost) => {
  bindClaims();
  scene.make(STATEFUL_SET, database({ persistentVolumeClaimRetentionPolicy: { whenScaled } }));
  await scene.until(() => ready('db') === 1);
  scene.scale(STATEFUL_SET, 'db', 0);
  await scene.until(() => scene.pods('db').length === 0);
  await settled(scene);
  const claim = scene.get(CLAIM, 'data-db-0');
  expect(claim === undefined || claim.metadata.deletionTimestamp !== undefined).toBe(isLost);
});

test('lets a database start on its own data only', async () => {
  bindClaims();
  scene.world.behaviours.set('db', actsAsDatabase());
  const data = dataOf('data-db-0');
  scene.make(STATEFUL_SET, database());
  await scene.until(() => (scene.pods('db')[0]?.status.containerStatuses?.[0].restartCount ?? 0) > 1);
  expect(ready('db')).toBe(0);
  writeFileSync(join(data, 'PG_VERSION'), '16');
  const log = () => scene.world.logs.read(scene.pods('db')[0]?.metadata.uid ?? '', 'main');
  await scene.until(() => log().includes('invalid permissions'));
  expect(ready('db')).toBe(0);
  chmodSync(data, 0o700);
  await scene.until(() => ready('db') === 1);
  expect(readFileSync(join(data, SCHEMA_FILE), 'utf8')).toBe('1\n');
  writeFileSync(join(data, SCHEMA_FILE), '2\n'); // a newer version has been here
  const before = scene.pods('db')[0]?.metadata.uid;
  deleteObject(scene.world, POD, 'db-0', SPACE);
  await scene.until(() => ![undefined, before].includes(scene.pods('db')[0]?.metadata.uid));
  await scene.until(() => (scene.pods('db')[0]?.status.containerStatuses?.[0].restartCount ?? 0) > 0);
  expect(ready('db')).toBe(0);
});

test('lets a service write to its volume as long as it runs', async () => {
  bindClaims();
  scene.world.behaviours.set('db', writesTo('data', 'journal', 1));
  scene.make(STATEFUL_SET, database());
  const journal = join(dataOf('data-db-0'), 'journal');
  await scene.until(() => existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > 3);
  scene.scale(STATEFUL_SET, 'db', 0);
  await scene.until(() => scene.pods('db').length === 0);
  const length = readFileSync(journal).length;
  await settled(scene);
  expect(readFileSync(journal).length).toBe(length);
});

test('keeps a pod that never ends until it is removed without grace', async () => {
  scene.world.behaviours.set('web', { neverEnds: true });
  scene.make(DEPLOYMENT, service('web', { graceSeconds: 1 }));
  await scene.until(() => ready('web') === 1);
  scene.scale(DEPLOYMENT, 'web', 0);
  await settled(scene, 100);
  const [pod] = scene.pods('web');
  expect(pod?.metadata.deletionTimestamp).toBeDefined();
  deleteObject(scene.world, POD, pod?.metadata.name ?? '', SPACE, { graceSeconds: 0 });
  expect(scene.pods('web')).toEqual([]);
});

test('runs one pod of a DaemonSet on every node', async () => {
  createNode(scene.world, 'other-node');
  scene.make(DAEMON_SET, service('publisher'));
  await scene.until(() => ready('publisher') === 2);
  expect(
    scene
      .pods('publisher')
      .map(({ spec }) => spec.nodeName)
      .sort(),
  ).toEqual(['lab-node', 'other-node']);
  await settled(scene);
  expect(scene.get(DAEMON_SET, 'publisher')?.status.numberReady).toBe(2);
});

const cronJob = (suspend: boolean) => ({
  metadata: { name: 'clean' },
  spec: {
    schedule: '* * * * *',
    suspend,
    jobTemplate: { spec: { template: (service('clean') as Stored).spec.template } },
  },
});

test('makes a Job when the time of a CronJob has come, unless it is suspended', async () => {
  scene.world.behaviours.set('clean', { endsAfterMs: Number.POSITIVE_INFINITY });
  scene.make(CRON_JOB, cronJob(false));
  expect(ringCronJob(scene.world, SPACE, 'clean')).toBeDefined();
  await scene.until(() => ready('clean') === 1 && scene.get(CRON_JOB, 'clean')?.status?.active?.length === 1);
  scene.world.store.edit(CRON_JOB, 'clean', SPACE, ({ spec }) => {
    spec.suspend = true;
  });
  expect(ringCronJob(scene.world, SPACE, 'clean')).toBeUndefined();
  expect(scene.pods('clean').length).toBe(1); // what runs goes on
});

test('lets the Jobs of others finish', async () => {
  const { template } = (service('migrate') as Stored).spec;
  template.spec.restartPolicy = 'Never';
  scene.make(JOB, { metadata: { name: 'migrate' }, spec: { template } });
  await scene.until(() => scene.get(JOB, 'migrate')?.status?.succeeded === 1);
  expect(scene.pods('migrate').map(({ status }) => status.phase)).toEqual(['Succeeded']);
});

function job(spec: object, script: string): object {
  const template = {
    metadata: { labels: { app: 'mover', 'cml-backup/operation': 'op_1' } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'ours', command: ['sh', '-c', script] }] },
  };
  return { metadata: { name: 'mover' }, spec: { template, ...spec } };
}

const reasons = (name: string) =>
  (scene.get(JOB, name)?.status?.conditions ?? []).map(({ type, reason }: Stored) => `${type}:${reason}`);

test('ends a Job that runs longer than it may', async () => {
  scene.world.delays.second = 100;
  scene.make(
    JOB,
    job({ backoffLimit: 0, activeDeadlineSeconds: 3 }, "trap 'exit 0' TERM; while true; do sleep 0.01; done"),
  );
  await scene.until(() => reasons('mover').length === 2);
  expect(reasons('mover')).toEqual(['FailureTarget:DeadlineExceeded', 'Failed:DeadlineExceeded']);
  await scene.until(() => scene.pods('mover').length === 0);
});

test('tries a Job again as often as it may, and removes it when its time to live is over', async () => {
  scene.world.delays.second = 10;
  const names = new Set<string>();
  scene.world.store.listen(({ kind, object }) => kind.kind === 'Pod' && names.add(object.metadata.name));
  scene.make(JOB, job({ backoffLimit: 2, ttlSecondsAfterFinished: 5 }, 'exit 1'));
  await scene.until(() => scene.get(JOB, 'mover') === undefined && scene.pods('mover').length === 0);
  expect(names.size).toBe(3);
});

test.each([
  ['is left alone by an autoscaler', AUTOSCALER, {}, 0],
  ['is woken by KEDA', SCALED_OBJECT, {}, 2],
  ['is left alone by KEDA when it is paused', SCALED_OBJECT, { 'autoscaling.keda.sh/paused': 'true' }, 0],
])('a service scaled to none %s', async (_, kind, annotations, replicas) => {
  scene.make(DEPLOYMENT, service('web', { replicas: 2 }));
  await scene.until(() => ready('web') === 2);
  const scaleTargetRef = { kind: 'Deployment', name: 'web' };
  const bounds = { minReplicas: 2, maxReplicas: 4, minReplicaCount: 2 };
  scene.make(kind, { metadata: { name: 'web', annotations }, spec: { scaleTargetRef, ...bounds } });
  scene.scale(DEPLOYMENT, 'web', 0);
  await settled(scene, 100);
  expect(scene.get(DEPLOYMENT, 'web')?.spec.replicas).toBe(replicas);
  scene.scale(DEPLOYMENT, 'web', 1);
  await settled(scene, 100);
  expect(scene.get(DEPLOYMENT, 'web')?.spec.replicas).toBe(replicas === 0 && kind === SCALED_OBJECT ? 1 : 2);
});

test('puts back the replicas of what GitOps owns, until it is held', async () => {
  const flux = 'kustomize.toolkit.fluxcd.io';
  const web = service('web', { replicas: 2 }) as Stored;
  Object.assign(web.metadata.labels ?? {}, { [`${flux}/name`]: 'apps', [`${flux}/namespace`]: SPACE });
  scene.make(DEPLOYMENT, web);
  scene.make(DEPLOYMENT, service('api'));
  scene.make(FLUX_KUSTOMIZATION, { metadata: { name: 'apps' }, spec: {} });
  scene.make(ARGO_APPLICATION, {
    metadata: { name: 'apps' },
    spec: { syncPolicy: { automated: { selfHeal: true } } },
    status: { resources: [{ kind: 'Deployment', namespace: SPACE, name: 'api' }] },
  });
  const replicas = () => ['web', 'api'].map((name) => scene.get(DEPLOYMENT, name)?.spec.replicas);
  const stop = () => ['web', 'api'].map((name) => scene.scale(DEPLOYMENT, name, 0));
  await settled(scene);
  stop();
  await settled(scene);
  expect(replicas()).toEqual([2, 1]);
  scene.world.store.edit(FLUX_KUSTOMIZATION, 'apps', SPACE, ({ spec }) => {
    spec.suspend = true;
  });
  scene.world.store.edit(ARGO_APPLICATION, 'apps', SPACE, ({ spec }) => {
    spec.syncPolicy = {};
  });
  stop();
  await settled(scene);
  expect(replicas()).toEqual([0, 0]);
});

test.each([
  ['Background', 0, 0],
  ['Foreground', 0, 0],
  ['Orphan', 1, 1],
] as const)('deletes what an object owns, asked to do so by %s', async (propagation, sets, pods) => {
  scene.make(DEPLOYMENT, service('web'));
  await scene.until(() => ready('web') === 1);
  deleteObject(scene.world, DEPLOYMENT, 'web', SPACE, { propagation });
  expect(scene.get(DEPLOYMENT, 'web') !== undefined).toBe(propagation !== 'Background');
  await scene.until(() => scene.get(DEPLOYMENT, 'web') === undefined);
  await settled(scene, 100);
  expect([scene.world.store.list(REPLICA_SET, SPACE).length, scene.pods('web').length]).toEqual([sets, pods]);
});

test('lets no pod in while the pod that serves a webhook is not ready', async () => {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }];
  const webhook = { name: 'check.a.b', failurePolicy: 'Fail', rules, objectSelector: { matchLabels: { app: 'api' } } };
  scene.make(DEPLOYMENT, service('web'));
  await scene.until(() => ready('web') === 1);
  scene.make(
    { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
    {
      ...{ metadata: { name: 'hook' }, spec: { selector: { app: 'web' } } },
    },
  );
  scene.make(VALIDATING_WEBHOOK, {
    metadata: { name: 'check' },
    webhooks: [{ ...webhook, clientConfig: { service: { name: 'hook', namespace: SPACE } } }],
  });
  scene.make(DEPLOYMENT, service('api'));
  await scene.until(() => ready('api') === 1);
  scene.scale(DEPLOYMENT, 'web', 0);
  scene.scale(DEPLOYMENT, 'api', 0);
  await scene.until(() => scene.pods().length === 0);
  scene.scale(DEPLOYMENT, 'api', 1);
  await settled(scene, 100);
  expect(scene.pods('api')).toEqual([]);
  scene.scale(DEPLOYMENT, 'web', 1);
  await scene.until(() => ready('api') === 1);
});

test('counts what the volumes of the pods of a node hold', async () => {
  bindClaims();
  scene.make(STATEFUL_SET, database());
  await scene.until(() => ready('db') === 1);
  const data = dataOf('data-db-0');
  mkdirSync(join(data, 'base'));
  writeFileSync(join(data, 'base', 'row'), Buffer.alloc(100_000));
  const { pods } = summaryOf(scene.world, 'lab-node') as { pods: { volume: Stored[] }[] };
  const [volume] = pods.flatMap((pod) => pod.volume);
  expect(volume).toMatchObject({ pvcRef: { name: 'data-db-0', namespace: SPACE }, inodesUsed: 3 });
  expect(volume?.usedBytes).toBeGreaterThanOrEqual(100_000);
  expect(volume?.availableBytes).toBeGreaterThan(0);
});
