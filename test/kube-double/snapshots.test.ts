import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLAIM, SNAPSHOT, SNAPSHOT_CLASS, SNAPSHOT_CONTENT } from '../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../fakes/kube-api/store.ts';
import {
  claim,
  fromSnapshot,
  HOSTPATH,
  isBound,
  isReady,
  makeScene,
  makeUser,
  type Scene,
  SPACE,
  snapshot,
} from './storage-scene.ts';

let scene: Scene;
let directory: string;
beforeEach(async () => {
  scene = await makeScene();
  scene.make(CLAIM, claim('data'));
  const { spec } = await scene.until(CLAIM, 'data', isBound);
  directory = scene.world.directoryOf(spec.volumeName);
  writeFileSync(join(directory, 'file'), 'as it was');
});
afterEach(() => scene.dispose());

const contentOf = ({ status }: Stored) => scene.store.get(SNAPSHOT_CONTENT, status.boundVolumeSnapshotContentName);
const folderOf = (object: Stored) => scene.storage.snapshotFolder(contentOf(object)?.status.snapshotHandle);
const statusOf = (name: string) => scene.store.get(SNAPSHOT, name, SPACE)?.status;

test('copies the bytes at the creation time, which is told before the snapshot can be used', async () => {
  scene.storage.driver(HOSTPATH).readyMs = 150;
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  const cut = await scene.until(SNAPSHOT, 'cut', ({ status }) => status?.creationTime !== undefined);
  expect(cut.status).toMatchObject({ readyToUse: false, restoreSize: '2Gi' });
  writeFileSync(join(directory, 'file'), 'as it is now');
  const ready = await scene.until(SNAPSHOT, 'cut', isReady);
  expect(ready.status.creationTime).toBe(cut.status.creationTime);
  scene.make(CLAIM, claim('restored', fromSnapshot('cut')));
  const { spec } = await scene.until(CLAIM, 'restored', isBound);
  expect(readFileSync(join(scene.world.directoryOf(spec.volumeName), 'file'), 'utf8')).toBe('as it was');
});

test('holds a claim that is being deleted for as long as a snapshot of it is not ready', async () => {
  scene.storage.driver(HOSTPATH).readyMs = Number.POSITIVE_INFINITY;
  scene.make(SNAPSHOT, snapshot('never', 'data'));
  await scene.until(SNAPSHOT, 'never', ({ status }) => status?.creationTime !== undefined);
  scene.store.remove(CLAIM, 'data', SPACE);
  await scene.settle();
  expect(scene.store.get(CLAIM, 'data', SPACE)?.metadata.finalizers).toEqual([
    'snapshot.storage.kubernetes.io/pvc-as-source-protection',
  ]);
  scene.store.remove(SNAPSHOT, 'never', SPACE);
  await scene.gone(CLAIM, 'data');
});

test('cannot let go of a snapshot while its driver has not answered whether it took it', async () => {
  scene.storage.driver(HOSTPATH).snapshotMs = Number.POSITIVE_INFINITY;
  scene.make(SNAPSHOT, snapshot('hanging', 'data'));
  await scene.until(SNAPSHOT, 'hanging', ({ status }) => status?.boundVolumeSnapshotContentName !== undefined);
  await scene.settle();
  scene.store.remove(SNAPSHOT, 'hanging', SPACE);
  await scene.settle();
  expect(statusOf('hanging')).toMatchObject({ readyToUse: false });
});

test('says that two classes are default, or none, or that the named one is missing', async () => {
  const another = { driver: HOSTPATH, deletionPolicy: 'Delete' };
  const annotations = { 'snapshot.storage.kubernetes.io/is-default-class': 'true' };
  scene.make(SNAPSHOT_CLASS, { metadata: { name: 'second', annotations }, ...another });
  scene.make(SNAPSHOT, snapshot('of-two', 'data'));
  await scene.settle();
  expect(statusOf('of-two').error.message).toContain('2 default snapshot classes were found');
  for (const name of ['second', 'csi-hostpath-snapclass']) scene.store.remove(SNAPSHOT_CLASS, name);
  scene.make(SNAPSHOT, snapshot('of-none', 'data'));
  scene.make(SNAPSHOT, snapshot('of-missing', 'data', { volumeSnapshotClassName: 'missing' }));
  await scene.settle();
  expect(statusOf('of-none').error.message).toContain('cannot find default snapshot class');
  expect(statusOf('of-missing').error.message).toContain('failed to retrieve snapshot class missing');
});

test('does nothing and says nothing when the class is of another driver', async () => {
  scene.make(SNAPSHOT_CLASS, { metadata: { name: 'foreign' }, driver: 'other.csi', deletionPolicy: 'Delete' });
  scene.make(SNAPSHOT, snapshot('stuck', 'data', { volumeSnapshotClassName: 'foreign' }));
  await scene.settle();
  expect(statusOf('stuck')).toBeUndefined();
});

test('keeps the error of a driver in the status until it heals', async () => {
  scene.storage.snapshotFault = () => ({ error: 'pool is full' });
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  const failed = await scene.until(SNAPSHOT, 'cut', ({ status }) => status?.error !== undefined);
  expect(failed.status).toMatchObject({ readyToUse: false });
  expect(failed.status.error.message).toContain('desc = pool is full');
  scene.storage.snapshotFault = () => undefined;
  const healed = await scene.until(SNAPSHOT, 'cut', isReady);
  expect(healed.status.error).toBeUndefined();
});

test('refuses a detached volume when the driver is that old, and takes an attached one', async () => {
  scene.storage.driver(HOSTPATH).refusesDetached = true;
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  const failed = await scene.until(SNAPSHOT, 'cut', ({ status }) => status?.error !== undefined);
  expect(failed.status.error.message).toContain('detached');
  makeUser(scene, 'holder', 'data');
  await scene.until(SNAPSHOT, 'cut', isReady);
});

test('takes the bytes with a snapshot whose content is to be deleted', async () => {
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  const folder = folderOf(await scene.until(SNAPSHOT, 'cut', isReady));
  scene.store.remove(SNAPSHOT, 'cut', SPACE);
  await scene.gone(SNAPSHOT, 'cut');
  expect(scene.store.list(SNAPSHOT_CONTENT)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('keeps content and bytes that are to be retained, and shows them in another namespace', async () => {
  scene.make(SNAPSHOT, snapshot('cut', 'data'));
  const cut = await scene.until(SNAPSHOT, 'cut', isReady);
  const content = contentOf(cut) as Stored;
  const { snapshotHandle } = content.status;
  scene.store.edit(SNAPSHOT_CONTENT, content.metadata.name, undefined, ({ spec }) => {
    spec.deletionPolicy = 'Retain';
  });
  scene.store.remove(SNAPSHOT, 'cut', SPACE);
  await scene.gone(SNAPSHOT, 'cut');
  await scene.settle();
  expect(scene.store.get(SNAPSHOT_CONTENT, content.metadata.name)?.metadata.annotations).toEqual({
    'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted': 'yes',
  });
  scene.make(SNAPSHOT_CONTENT, {
    metadata: { name: 'imported' },
    spec: {
      ...{ deletionPolicy: 'Retain', driver: HOSTPATH, source: { snapshotHandle } },
      ...{
        volumeSnapshotRef: { name: 'copy', namespace: 'elsewhere' },
        volumeSnapshotClassName: 'csi-hostpath-snapclass',
      },
    },
  });
  const metadata = { name: 'copy', namespace: 'elsewhere' };
  scene.make(SNAPSHOT, { metadata, spec: { source: { volumeSnapshotContentName: 'imported' } } });
  await scene.settle();
  const copy = scene.store.get(SNAPSHOT, 'copy', 'elsewhere') as Stored;
  expect(copy.status).toMatchObject({
    readyToUse: true,
    restoreSize: '2Gi',
    boundVolumeSnapshotContentName: 'imported',
  });
  expect(scene.store.get(SNAPSHOT_CONTENT, 'imported')?.spec.volumeSnapshotRef.uid).toBe(copy.metadata.uid);
  const { spec } = claim('restored', fromSnapshot('copy')) as Stored;
  scene.make(CLAIM, { metadata: { name: 'restored', namespace: 'elsewhere' }, spec });
  await scene.settle();
  const volume = scene.store.get(CLAIM, 'restored', 'elsewhere')?.spec.volumeName;
  expect(readFileSync(join(scene.world.directoryOf(volume), 'file'), 'utf8')).toBe('as it was');
});

test('does not give a content to a snapshot that it was not written for', async () => {
  scene.make(SNAPSHOT_CONTENT, {
    metadata: { name: 'theirs' },
    spec: {
      ...{ deletionPolicy: 'Retain', driver: HOSTPATH, source: { snapshotHandle: 'unknown' } },
      volumeSnapshotRef: { name: 'theirs', namespace: SPACE },
    },
  });
  const source = { volumeSnapshotContentName: 'theirs' };
  scene.make(SNAPSHOT, { metadata: { name: 'mine', namespace: SPACE }, spec: { source } });
  scene.make(SNAPSHOT, { metadata: { name: 'theirs', namespace: SPACE }, spec: { source } });
  await scene.settle();
  expect(statusOf('mine').error.message).toBe('VolumeSnapshotContent [theirs] is bound to a different snapshot');
  expect(statusOf('theirs').error.message).toContain('snapshot unknown not found');
});
