import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLAIM, POD, SNAPSHOT, VOLUME } from '../../src/workspace/kubernetes/kinds.ts';
import {
  claim,
  fromSnapshot,
  isBound,
  isReady,
  makeDataClaim,
  makeScene,
  makeUser,
  type Scene,
  SPACE,
  snapshot,
} from './storage-scene.ts';
import { record, recorded } from './trace.ts';

const STORED = ['persistentvolumeclaims', 'persistentvolumes', 'volumesnapshots', 'volumesnapshotcontents'];

let scene: Scene;
beforeEach(async () => {
  scene = await makeScene({ waits: { resync: 400 } });
});
afterEach(() => scene.dispose());

test('takes a snapshot of a claim as recorded in 02', async () => {
  await makeDataClaim(scene);
  const mine = record(scene.store, STORED, /./);
  scene.make(SNAPSHOT, snapshot('trace-db', 'data-db-0'));
  await scene.until(SNAPSHOT, 'trace-db', isReady);
  await scene.settle();
  expect(mine.seen()).toEqual(recorded('02-volumesnapshot', STORED, /./));
});

test('says in the status that the claim of a snapshot is missing, as recorded in 03', async () => {
  const mine = record(scene.store, STORED, /./);
  scene.make(SNAPSHOT, snapshot('trace-missing', 'no-such-claim'));
  await scene.settle();
  scene.store.remove(SNAPSHOT, 'trace-missing', SPACE);
  await scene.settle();
  expect(mine.seen()).toEqual(recorded('03-volumesnapshot-of-missing-claim', STORED, /./));
});

test('makes a volume from a snapshot for a claim of an immediate class as recorded in 04', async () => {
  await makeDataClaim(scene);
  scene.make(SNAPSHOT, snapshot('trace-db', 'data-db-0'));
  await scene.until(SNAPSHOT, 'trace-db', isReady);
  await scene.settle();
  const mine = record(scene.store, STORED, /./);
  scene.make(CLAIM, claim('trace-from-snap', fromSnapshot('trace-db')));
  await scene.until(CLAIM, 'trace-from-snap', isBound);
  await scene.settle();
  expect(mine.seen()).toEqual(recorded('04-claim-from-snapshot-immediate', STORED, /./));
});

test('waits for a node before it makes a volume for a claim of a waiting class, as recorded in 05', async () => {
  await makeDataClaim(scene);
  scene.make(SNAPSHOT, snapshot('trace-db', 'data-db-0'));
  await scene.until(SNAPSHOT, 'trace-db', isReady);
  await scene.settle();
  const mine = record(scene.store, STORED, /./);
  scene.make(CLAIM, claim('trace-wffc', { ...fromSnapshot('trace-db'), storageClassName: 'csi-hostpath-wffc' }));
  await scene.settle();
  expect(mine.seen()).toHaveLength(1);
  scene.store.edit(CLAIM, 'trace-wffc', SPACE, ({ metadata }) => {
    metadata.annotations = { 'volume.kubernetes.io/selected-node': 'lab-node' };
  });
  await scene.until(CLAIM, 'trace-wffc', isBound);
  makeUser(scene, 'trace-ok-dll5f', 'trace-wffc');
  await scene.settle();
  expect(mine.seen()).toEqual(recorded('05-job-on-wait-for-first-consumer-claim', STORED, /./));
});

test('takes a claim, a snapshot and their volumes away as recorded in 09', async () => {
  await makeDataClaim(scene);
  scene.make(SNAPSHOT, snapshot('trace-db', 'data-db-0'));
  await scene.until(SNAPSHOT, 'trace-db', isReady);
  scene.make(CLAIM, claim('trace-wffc', { ...fromSnapshot('trace-db'), storageClassName: 'csi-hostpath-wffc' }));
  scene.store.edit(CLAIM, 'trace-wffc', SPACE, ({ metadata }) => {
    metadata.annotations = { 'volume.kubernetes.io/selected-node': 'lab-node' };
  });
  await scene.until(CLAIM, 'trace-wffc', isBound);
  makeUser(scene, 'trace-ok-dll5f', 'trace-wffc');
  await scene.settle();
  const named = /trace-db|trace-wffc|snapcontent|^pvc-/;
  const mine = record(scene.store, STORED, named);
  scene.store.remove(POD, 'trace-ok-dll5f', SPACE);
  scene.store.remove(CLAIM, 'trace-wffc', SPACE);
  scene.store.remove(SNAPSHOT, 'trace-db', SPACE);
  await scene.gone(CLAIM, 'trace-wffc');
  await scene.gone(SNAPSHOT, 'trace-db');
  await scene.settle();
  for (const watch of STORED) {
    const theirs = recorded('09-delete-claims-and-snapshot', [watch], /trace-db|trace-wffc|c42c16bb|17ba0589/);
    expect(mine.seen([watch]), watch).toEqual(theirs);
  }
});

test.each([
  ['11-rebind-claim-to-restored-volume', false],
  ['12-rebind-with-reserved-claimref', true],
])('moves the name of a claim to another volume as recorded in %s', async (name, isReserved) => {
  const { before, after } = await makeSwapped(scene, !isReserved);
  const mine = record(scene.store, STORED, /data-db-0$|data-db-0-restored|^pvc-/);
  for (const claimName of ['data-db-0', 'data-db-0-restored']) {
    scene.store.remove(CLAIM, claimName, SPACE);
    await scene.gone(CLAIM, claimName);
    await scene.settle();
  }
  reserve(scene, after, undefined);
  await scene.settle();
  if (isReserved) reserve(scene, after, 'data-db-0');
  await scene.settle();
  const asked = Date.now();
  scene.make(CLAIM, claim('data-db-0', { volumeName: after }, { labels: { app: 'db' } }));
  await scene.until(CLAIM, 'data-db-0', isBound);
  const waitedMs = Date.now() - asked;
  if (isReserved) expect(waitedMs).toBeLessThan(300);
  else expect(waitedMs).toBeGreaterThan(350);
  expect(mine.seen()).toEqual(recorded(name, STORED, /data-db-0$|data-db-0-restored|^pvc-/));
  expect(scene.store.get(VOLUME, before)?.status.phase).toBe('Released');
});

/** As it stood before 11: `data-db-0` was moved once already, is in use no more, and another restored volume stands beside. */
async function makeSwapped(
  scene: Scene,
  byKubectl: boolean,
): Promise<{ readonly before: string; readonly after: string }> {
  const before = await makeKept(scene, 'data-db-0');
  scene.store.remove(CLAIM, 'data-db-0', SPACE);
  await scene.until(VOLUME, before, ({ status }) => status?.phase === 'Released');
  reserve(scene, before, undefined);
  await scene.until(VOLUME, before, ({ status }) => status?.phase === 'Available');
  const applied = {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    metadata: { annotations: {}, labels: { app: 'db' }, name: 'data-db-0', namespace: SPACE },
    spec: {
      ...{ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
      ...{ storageClassName: 'csi-hostpath-sc', volumeMode: 'Filesystem', volumeName: before },
    },
  };
  const annotations = byKubectl && {
    'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(applied)}\n`,
  };
  scene.make(
    CLAIM,
    claim('data-db-0', { volumeName: before }, { labels: { app: 'db' }, ...(annotations ? { annotations } : {}) }),
  );
  await scene.until(CLAIM, 'data-db-0', isBound);
  makeUser(scene, 'db-0', 'data-db-0');
  scene.make(SNAPSHOT, snapshot('swap-src', 'data-db-0'));
  await scene.until(SNAPSHOT, 'swap-src', isReady);
  const after = await makeKept(scene, 'data-db-0-restored', fromSnapshot('swap-src'));
  await scene.settle();
  scene.store.remove(POD, 'db-0', SPACE);
  await scene.settle();
  return { before, after };
}

/** Answers the volume that was made for the claim and that is kept when the claim goes. */
async function makeKept(scene: Scene, name: string, spec: object = {}): Promise<string> {
  const { metadata } = scene.make(CLAIM, claim(name, spec));
  await scene.until(CLAIM, name, isBound);
  scene.store.edit(VOLUME, `pvc-${metadata.uid}`, undefined, (volume) => {
    volume.spec.persistentVolumeReclaimPolicy = 'Retain';
  });
  return `pvc-${metadata.uid}`;
}

function reserve(scene: Scene, volume: string, name: string | undefined): void {
  scene.store.edit(VOLUME, volume, undefined, ({ spec }) => {
    if (name === undefined) delete spec.claimRef;
    else spec.claimRef = { kind: 'PersistentVolumeClaim', namespace: SPACE, name, apiVersion: 'v1' };
  });
}

test('binds a claim that waits for a resync as soon as an annotation is put on it', async () => {
  scene.storage.waits.resync = 60_000;
  const volume = await makeKept(scene, 'data-db-0');
  scene.store.remove(CLAIM, 'data-db-0', SPACE);
  await scene.until(VOLUME, volume, ({ status }) => status?.phase === 'Released');
  reserve(scene, volume, undefined);
  scene.make(CLAIM, claim('data-db-0', { volumeName: volume }));
  await scene.settle();
  expect(scene.store.get(CLAIM, 'data-db-0', SPACE)?.status).toEqual({ phase: 'Pending' });
  scene.store.edit(CLAIM, 'data-db-0', SPACE, ({ metadata }) => {
    metadata.annotations = { 'cml-backup/nudge': 'now' };
  });
  await scene.until(CLAIM, 'data-db-0', isBound);
});
