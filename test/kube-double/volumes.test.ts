import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ATTACHMENT, CLAIM, EVENT, NODE, POD, SNAPSHOT, VOLUME } from '../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../fakes/kube-api/store.ts';
import {
  claim,
  fromSnapshot,
  isBound,
  isReady,
  makeScene,
  makeUser,
  type Scene,
  SPACE,
  snapshot,
} from './storage-scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await makeScene({ waits: { resync: 300 } });
});
afterEach(() => scene.dispose());

async function bound(
  name: string,
  spec: object = {},
): Promise<{ readonly volume: string; readonly directory: string }> {
  scene.make(CLAIM, claim(name, spec));
  const { spec: found } = await scene.until(CLAIM, name, isBound);
  return { volume: found.volumeName, directory: scene.world.directoryOf(found.volumeName) };
}

function keep(volume: string): void {
  scene.store.edit(VOLUME, volume, undefined, ({ spec }) => {
    spec.persistentVolumeReclaimPolicy = 'Retain';
  });
}

const phaseOf = (phase: string) => (object: Stored) => object.status?.phase === phase;
const eventsOf = (name: string) =>
  scene.store.list(EVENT, SPACE).filter(({ involvedObject }) => involvedObject.name === name);

test('keeps a claim that a pod mounts, also one that has ended, until the pod is gone', async () => {
  await bound('data');
  makeUser(scene, 'reader', 'data');
  scene.store.edit(POD, 'reader', SPACE, (pod) => {
    pod.status = { phase: 'Succeeded' };
  });
  scene.store.remove(CLAIM, 'data', SPACE);
  await scene.settle();
  expect(scene.store.get(CLAIM, 'data', SPACE)?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
  scene.store.remove(POD, 'reader', SPACE);
  await scene.gone(CLAIM, 'data');
});

test('takes the bytes away with a volume that is deleted with its claim', async () => {
  const { volume, directory } = await bound('data');
  writeFileSync(join(directory, 'file'), 'bytes');
  scene.store.remove(CLAIM, 'data', SPACE);
  await scene.gone(VOLUME, volume);
  expect(existsSync(directory)).toBe(false);
});

test('leaves a kept volume Released with its bytes whole, and binds it to no other claim by itself', async () => {
  const { volume, directory } = await bound('data');
  writeFileSync(join(directory, 'file'), 'bytes');
  keep(volume);
  scene.store.remove(CLAIM, 'data', SPACE);
  await scene.until(VOLUME, volume, phaseOf('Released'));
  scene.make(CLAIM, claim('data', { volumeName: volume }));
  await scene.settle();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(scene.store.get(CLAIM, 'data', SPACE)?.status).toEqual({ phase: 'Pending' });
  expect(scene.store.get(VOLUME, volume)?.status.phase).toBe('Released');
  expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('bytes');
});

test('gives a volume that nobody reserved to the first claim of its class', async () => {
  const { volume } = await bound('data');
  keep(volume);
  scene.store.remove(CLAIM, 'data', SPACE);
  await scene.until(VOLUME, volume, phaseOf('Released'));
  scene.store.edit(VOLUME, volume, undefined, ({ spec }) => {
    delete spec.claimRef;
  });
  await scene.until(VOLUME, volume, phaseOf('Available'));
  expect((await bound('stranger')).volume).toBe(volume);
});

test('does not bind a claim to a volume that is too small or of another mode', async () => {
  for (const [name, spec] of [
    ['large', { resources: { requests: { storage: '3Gi' } } }],
    ['shared', { accessModes: ['ReadWriteMany'] }],
  ] as const) {
    scene.make(VOLUME, {
      metadata: { name },
      spec: {
        ...{ capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'csi-hostpath-sc' },
        csi: { driver: 'hostpath.csi.k8s.io', volumeHandle: name },
      },
    });
    scene.make(CLAIM, claim(name, { ...spec, volumeName: name }));
    await scene.settle();
    expect(scene.store.get(CLAIM, name, SPACE)?.status).toEqual({ phase: 'Pending' });
    expect(eventsOf(name)[0]?.reason).toBe('VolumeMismatch');
  }
});

test('calls a claim whose volume is gone lost', async () => {
  const { volume } = await bound('data');
  scene.store.edit(VOLUME, volume, undefined, ({ metadata, spec }) => {
    spec.persistentVolumeReclaimPolicy = 'Retain';
    metadata.finalizers = [];
  });
  scene.store.edit(VOLUME, volume, undefined, ({ metadata }) => {
    metadata.finalizers = [];
  });
  scene.store.remove(VOLUME, volume);
  await scene.until(CLAIM, 'data', phaseOf('Lost'));
});

test('refuses a claim that is smaller than the snapshot it is made from', async () => {
  await bound('data');
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  await scene.until(SNAPSHOT, 'cut', isReady);
  scene.make(CLAIM, claim('small', { ...fromSnapshot('cut'), resources: { requests: { storage: '1Gi' } } }));
  await scene.settle();
  expect(scene.store.get(CLAIM, 'small', SPACE)?.status).toEqual({ phase: 'Pending' });
  expect(eventsOf('small')[0]?.message).toContain('is less than the size 2147483648 for the source snapshot cut');
});

test('changes nothing of a claim or volume that may not change', async () => {
  const { volume } = await bound('data');
  const change = (kind: typeof CLAIM | typeof VOLUME, name: string, spec: object) => () =>
    scene.store.edit(kind, name, kind.namespaced ? SPACE : undefined, (object) => {
      object.spec = { ...object.spec, ...spec };
    });
  expect(change(CLAIM, 'data', { volumeName: 'another' })).toThrow('spec is immutable after creation');
  expect(change(CLAIM, 'data', { resources: { requests: { storage: '1Gi' } } })).toThrow('can not be less than');
  expect(change(VOLUME, volume, { csi: { driver: 'x', volumeHandle: 'y' } })).toThrow('is immutable after creation');
});

test('attaches a volume for the pods of one node and detaches it some time after the last has ended', async () => {
  const { volume } = await bound('data');
  const attachments = () =>
    scene.store.list(ATTACHMENT).filter(({ spec }) => spec.source.persistentVolumeName === volume);
  makeUser(scene, 'one', 'data');
  await scene.settle();
  expect(attachments().map(({ spec, status }) => [spec.nodeName, status.attached])).toEqual([['lab-node', true]]);
  scene.make(NODE, { metadata: { name: 'other-node' } });
  makeUser(scene, 'elsewhere', 'data', 'other-node');
  await scene.settle();
  expect(attachments()).toHaveLength(1);
  scene.storage.waits.detach = 150;
  scene.store.remove(POD, 'one', SPACE);
  await scene.settle();
  expect(attachments().map(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([true]);
  const now = await new Promise<string[]>((resolve) => {
    const stop = scene.store.listen(() => {
      const nodes = attachments()
        .filter(({ status }) => status.attached)
        .map(({ spec }) => spec.nodeName);
      if (nodes[0] !== 'other-node') return;
      stop();
      resolve(nodes);
    });
  });
  expect(now).toEqual(['other-node']);
});

test('shows one folder of a filer through several volumes, siblings of it too, and nothing that is not exported', async () => {
  const folder = join(scene.world.folder, 'filer');
  await mkdir(join(folder, 'one'), { recursive: true });
  scene.storage.exports.set('nas:/exports/ml', () => folder);
  for (const [name, path] of [
    ['first', '/exports/ml/one'],
    ['second', '/exports/ml/one/'],
    ['sibling', '/exports/ml/two'],
    ['hidden', '/exports/mlx'],
  ] as const)
    scene.make(VOLUME, {
      metadata: { name },
      spec: {
        ...{ capacity: { storage: '1Ti' }, accessModes: ['ReadWriteMany'], mountOptions: ['nfsvers=4.1'] },
        nfs: { server: 'nas', path },
      },
    });
  writeFileSync(join(scene.world.directoryOf('first'), 'file'), 'shared');
  expect(readFileSync(join(scene.world.directoryOf('second'), 'file'), 'utf8')).toBe('shared');
  expect(scene.world.directoryOf('sibling')).toBe(join(folder, 'two'));
  expect(existsSync(scene.world.directoryOf('hidden'))).toBe(false);
  expect(scene.store.get(VOLUME, 'first')?.spec.mountOptions).toEqual(['nfsvers=4.1']);
});
