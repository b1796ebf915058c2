import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLAIM, NODE, POD } from '../../src/workspace/kubernetes/kinds.ts';
import { deleteObject } from '../fakes/kube-api/controllers/garbage.ts';
import { createNode } from '../fakes/kube-api/controllers/nodes.ts';
import { isReady } from '../fakes/kube-api/controllers/pod-status.ts';
import { startWorkloads } from '../fakes/kube-api/controllers/start-workloads.ts';
import { makeScene as makeStorage } from './storage-scene.ts';
import { type Scene, SPACE, sceneOf, settled } from './workload-scene.ts';

let scene: Scene;
beforeEach(async () => {
  const { world } = await makeStorage();
  startWorkloads(world);
  // what the driver itself tells its nodes; its volumes can be had on any of one zone
  const zone = { 'topology.hostpath.csi/node': 'lab-node' };
  world.store.edit(NODE, 'lab-node', undefined, ({ metadata }) => {
    metadata.labels = { ...zone, 'kubernetes.io/hostname': 'lab-node' };
  });
  createNode(world, 'other-node', zone);
  scene = sceneOf(world, () => rm(world.folder, { recursive: true, force: true }));
});
afterEach(() => scene.dispose());

const claimSpec = (storageClassName: string) => ({
  ...{ accessModes: ['ReadWriteOnce'], storageClassName },
  resources: { requests: { storage: '1Gi' } },
});

function user(name: string, node: string, volume: object): void {
  scene.make(POD, {
    metadata: { name },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      containers: [{ name: 'main', image: 'theirs' }],
      volumes: [{ name: 'data', ...volume }],
    },
  });
}

const pod = (name: string) => scene.get(POD, name);
const isUp = (name: string) => () => isReady(pod(name) as never);

test('keeps a pod waiting on another node until the volume is free', async () => {
  scene.make(CLAIM, { metadata: { name: 'data' }, spec: claimSpec('csi-hostpath-sc') });
  user('first', 'lab-node', { persistentVolumeClaim: { claimName: 'data' } });
  await scene.until(isUp('first'));
  user('second', 'other-node', { persistentVolumeClaim: { claimName: 'data' } });
  await settled(scene);
  expect(pod('second')?.status.containerStatuses[0].state.waiting.reason).toBe('ContainerCreating');
  deleteObject(scene.world, POD, 'first', SPACE);
  await scene.until(isUp('second'));
});

test('leaves a pod unscheduled whose claim is missing, until it is there', async () => {
  user('first', 'lab-node', { persistentVolumeClaim: { claimName: 'late' } });
  await scene.until(() => pod('first')?.status.conditions?.[0].reason === 'Unschedulable');
  expect(pod('first')?.status.conditions[0].message).toBe('persistentvolumeclaim "late" not found');
  scene.make(CLAIM, { metadata: { name: 'late' }, spec: claimSpec('csi-hostpath-wffc') });
  await scene.until(isUp('first'));
});

test('gives a pod a claim of its own, and takes it away with the pod', async () => {
  user('session', 'lab-node', { ephemeral: { volumeClaimTemplate: { spec: claimSpec('csi-hostpath-wffc') } } });
  await scene.until(isUp('session'));
  expect(scene.get(CLAIM, 'session-data')?.status.phase).toBe('Bound');
  deleteObject(scene.world, POD, 'session', SPACE);
  await scene.until(() => scene.get(CLAIM, 'session-data') === undefined);
});
