import { rm } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { CLAIM, DEPLOYMENT, JOB, NODE, POD, STATEFUL_SET } from '../../src/workspace/kubernetes/kinds.ts';
import { deleteObject } from '../fakes/kube-api/controllers/garbage.ts';
import { isReady } from '../fakes/kube-api/controllers/pod-status.ts';
import { startWorkloads } from '../fakes/kube-api/controllers/start-workloads.ts';
import { makeScene as makeStorage } from './storage-scene.ts';
import { empty, makeDemo, makeScene, type Scene, SPACE, sceneOf, settled } from './workload-scene.ts';
import { type Lives, recordedLives, recordLives } from './workload-trace.ts';

let scene: Scene;
afterEach(() => scene.dispose());

test('stops services as recorded in 01', async () => {
  scene = await makeScene();
  await makeDemo(scene);
  const lives = recordLives(scene.world.store);
  scene.scale(DEPLOYMENT, 'web', 0);
  scene.scale(DEPLOYMENT, 'ds-operator', 0);
  scene.scale(STATEFUL_SET, 'db', 0);
  scene.scale(STATEFUL_SET, 'livelog', 0);
  await scene.until(() => scene.pods().length === 0);
  await settled(scene);
  expect(lives()).toEqual(recordedLives('01-scale-to-zero'));
});

test('starts services as recorded in 10', async () => {
  scene = await makeScene();
  await makeDemo(scene);
  for (const [kind, name] of [
    [DEPLOYMENT, 'web'],
    [DEPLOYMENT, 'ds-operator'],
    [STATEFUL_SET, 'db'],
    [STATEFUL_SET, 'livelog'],
  ] as const)
    scene.scale(kind, name, 0);
  await scene.until(() => scene.pods().length === 0);
  await settled(scene);
  const lives = recordLives(scene.world.store);
  const { world } = scene;
  let count = 0;
  world.store.listen(({ type, kind, object }) => {
    // in the recording the second pod of web was ready two seconds before the first
    if (type !== 'ADDED' || kind.kind !== 'Pod' || object.metadata.labels?.app !== 'web') return;
    count += 1;
    world.behaviours.set(object.metadata.name, { readyMs: count === 1 ? 60 : 5 });
  });
  scene.scale(DEPLOYMENT, 'web', 2);
  scene.scale(DEPLOYMENT, 'ds-operator', 1);
  scene.scale(STATEFUL_SET, 'db', 1);
  scene.scale(STATEFUL_SET, 'livelog', 1);
  await scene.until(() => scene.pods().length === 5 && scene.pods().every(isReady));
  await settled(scene);
  const recorded = recordedLives('10-scale-up-until-ready');
  // the kubelet told of this pod only once it was ready
  const quick = 'pods/web-hash#2';
  const { [quick]: mine = [], ...others } = lives();
  const { [quick]: theirs = [], ...rest } = recorded;
  expect(others).toEqual(rest);
  expect(mine.filter((_, at) => at !== 3)).toEqual(theirs);
});

function job(name: string, script: string, volumes: readonly object[] = empty('data', 'repo')): object {
  return {
    metadata: { name, labels: { app: 'trace' } },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { app: 'trace', 'cml-backup/operation': 'op_1' } },
        spec: {
          ...{ restartPolicy: 'Never', terminationGracePeriodSeconds: 60, volumes },
          containers: [{ name: 'main', image: 'restic', command: ['sh', '-c', script] }],
        },
      },
    },
  };
}

const isOver = (name: string) => () =>
  (scene.get(JOB, name)?.status?.conditions ?? []).some(({ type }: { type: string }) =>
    /^(Complete|Failed)$/.test(type),
  );

/** The recorded Jobs carry no defaults that came later. */
const onlyJobs = (lives: Lives) =>
  Object.fromEntries(Object.entries(lives).filter(([key]) => key.startsWith('jobs/') || key.startsWith('pods/')));

test('runs a Job once its claim has a node, as recorded in 05', async () => {
  const storage = await makeStorage();
  startWorkloads(storage.world);
  // what the driver itself tells the node
  storage.store.edit(NODE, 'lab-node', undefined, ({ metadata }) => {
    metadata.labels = { 'topology.hostpath.csi/node': 'lab-node' };
  });
  scene = sceneOf(storage.world, async () => rm(storage.world.folder, { recursive: true, force: true }));
  scene.make(CLAIM, {
    metadata: { name: 'trace-wffc' },
    spec: {
      ...{ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
      storageClassName: 'csi-hostpath-wffc',
    },
  });
  const lives = recordLives(storage.store);
  const data = { name: 'data', persistentVolumeClaim: { claimName: 'trace-wffc' } };
  scene.make(JOB, job('trace-ok', 'sleep 0.2', [data, ...empty('repo')]));
  await scene.until(isOver('trace-ok'));
  await settled(scene);
  expect(onlyJobs(lives())).toEqual(recordedLives('05-job-on-wait-for-first-consumer-claim'));
});

test('says that a Job failed as recorded in 06', async () => {
  scene = await makeScene({ start: 400 }); // its end is seen before its beginning is told
  const lives = recordLives(scene.world.store);
  scene.make(JOB, job('trace-fail', 'exit 3'));
  await scene.until(isOver('trace-fail'));
  await settled(scene);
  expect(onlyJobs(lives())).toEqual(recordedLives('06-job-failed-exit-3'));
});

test('gives the pod of a Job that is deleted its grace, as recorded in 07', async () => {
  scene = await makeScene();
  const lives = recordLives(scene.world.store);
  scene.make(JOB, job('trace-long', "trap 'exit 130' TERM; while true; do sleep 0.01; done"));
  await scene.until(() => scene.get(JOB, 'trace-long')?.status?.active === 1);
  scene.world.delays.status = 400; // deleted before the Job has seen that its pod is ready
  await scene.until(() => scene.pods().some(isReady));
  await new Promise((resolve) => setTimeout(resolve, 300)); // until the shell has its trap
  deleteObject(scene.world, JOB, 'trace-long', SPACE, { propagation: 'Background' });
  await scene.until(() => scene.pods().length === 0);
  expect(scene.world.store.list(POD)).toEqual([]);
  expect(onlyJobs(lives())).toEqual(recordedLives('07-job-deleted-while-running'));
});
