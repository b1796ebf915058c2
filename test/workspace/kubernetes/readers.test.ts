import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { makeSnapshots } from '../../../src/workspace/kubernetes/make-snapshots.ts';
import { claimNameOf, LABELS, NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { mountPlaces } from '../../../src/workspace/kubernetes/places.ts';
import { bytesOf, largestOf } from '../../../src/workspace/kubernetes/quantity.ts';
import { beginQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import { openReader } from '../../../src/workspace/kubernetes/readers.ts';
import { tell } from '../../fakes/kube-api/controllers/events.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { CUT, type CutScene, createCutScene, planOf } from './cut-scene.ts';
import { DRIVER, SPACE } from './live-scene.ts';
import { contextOf } from './scene.ts';

describe('a reader', () => {
  let scene: CutScene;
  beforeEach(async () => {
    scene = await createCutScene();
  });
  afterEach(() => scene.dispose());
  const directoryOf = (claim: string) => scene.world.directoryOf(scene.get(kinds.CLAIM, claim).spec.volumeName);
  const cut = async (part: string) => scene.cut(await scene.quiet('one'), {}, [part]);

  it('is a claim made from the snapshot: same class, large enough, ours, for one node', async () => {
    await cut('data-db-0');
    const reader = await openReader(scene.context, CUT, 'data-db-0');
    expect(reader).toMatchObject({
      metadata: {
        name: claimNameOf('snapshot', CUT, 'data-db-0'),
        labels: { [LABELS.operation]: CUT, [LABELS.role]: 'reader', [LABELS.part]: 'data-db-0' },
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'longhorn',
        dataSource: { kind: 'VolumeSnapshot', name: claimNameOf('snapshot', CUT, 'data-db-0') },
        resources: { requests: { storage: '1Gi' } },
      },
    });
    expect(reader.metadata?.annotations?.[NOTES.within]).toBeUndefined();
  });

  it('shows what stood at the cut, whatever was written since', async () => {
    const file = join(directoryOf('data-db-0'), 'file');
    writeFileSync(file, 'at the cut');
    await cut('data-db-0');
    writeFileSync(file, 'later');
    const name = (await openReader(scene.context, CUT, 'data-db-0')).metadata?.name ?? '';
    await scene.until('it is bound', () => scene.get(kinds.CLAIM, name).status?.phase === 'Bound');
    expect(readFileSync(join(directoryOf(name), 'file'), 'utf8')).toBe('at the cut');
  });

  it('is of another class of its driver where that of its source is gone, and without one it is not waited for', async () => {
    await cut('data-db-0');
    const classOf = { provisioner: DRIVER, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' };
    scene.store.remove(kinds.STORAGE_CLASS, 'longhorn');
    const opening = openReader(scene.context, CUT, 'data-db-0');
    await expect(opening).rejects.toMatchObject({
      message: expect.stringContaining(`no storage class makes volumes of ${DRIVER}`),
    });
    scene.put(kinds.STORAGE_CLASS, 'longhorn-new', classOf);
    scene.put(kinds.STORAGE_CLASS, 'a-class-of-others', { ...classOf, provisioner: 'other.csi' });
    const reader = await openReader(scene.context, CUT, 'data-db-0');
    expect(reader.spec?.storageClassName).toBe('longhorn-new');
  });

  it('of a shared folder is asked for as the folder is: its driver may not know a mode to read only', async () => {
    await cut('projects-pvc');
    const reader = await openReader(scene.context, CUT, 'projects-pvc');
    expect(reader.spec?.accessModes).toEqual(['ReadWriteMany']);
    const name = reader.metadata?.name ?? '';
    await scene.until('it is bound', () => scene.get(kinds.CLAIM, name).status?.phase === 'Bound');
  });

  it('is mounted to be read, also where a program asks to write', async () => {
    await cut('data-db-0');
    const places = [{ path: '/mnt/cml/snapshot/data-db-0/below', access: 'write' as const }];
    const { volumes, mounts, isWritten } = await mountPlaces(scene.context, CUT, places);
    const claimName = claimNameOf('snapshot', CUT, 'data-db-0');
    expect(volumes[0]?.persistentVolumeClaim).toEqual({ claimName, readOnly: true });
    expect(mounts[0]).toMatchObject({ mountPath: '/mnt/cml/snapshot/data-db-0', readOnly: true });
    expect(isWritten).toBe(false);
  });

  it('is as large as the volume was, though its claim asked for less and the driver says nothing', async () => {
    await cut('data-db-0');
    scene.edit(kinds.CLAIM, 'data-db-0', ({ status }) => (status.capacity = { storage: '3Gi' }));
    const name = claimNameOf('snapshot', CUT, 'data-db-0');
    scene.edit(kinds.SNAPSHOT, name, ({ status }) => (status.restoreSize = '0'));
    const reader = await openReader(scene.context, CUT, 'data-db-0');
    expect(reader.spec?.resources?.requests?.storage).toBe('3Gi');
  });

  it('waits until the snapshot can be used, and not until it is bound: whoever reads it is its first consumer', async () => {
    scene.edit(kinds.STORAGE_CLASS, 'longhorn', (found) => (found.volumeBindingMode = 'WaitForFirstConsumer'), '');
    scene.storage.driver(DRIVER).readyMs = 80;
    await cut('data-db-0');
    expect(scene.snapshotOf('data-db-0')?.status?.readyToUse).toBe(false);
    const reader = await openReader(scene.context, CUT, 'data-db-0');
    expect(scene.snapshotOf('data-db-0')?.status?.readyToUse).toBe(true);
    expect(scene.get(kinds.CLAIM, reader.metadata?.name ?? '').status?.phase).not.toBe('Bound');
  });

  it('says what the driver complains of when its snapshot does not become usable in time, or its last warning', async () => {
    scene.storage.driver(DRIVER).readyMs = Number.POSITIVE_INFINITY;
    await cut('data-db-0');
    const name = claimNameOf('snapshot', CUT, 'data-db-0');
    const within = scene.with({ usableWithin: 100 });
    await expect(openReader(within, CUT, 'data-db-0')).rejects.toThrow(/did not become usable within \S+\.$/);
    tell(scene.world, scene.get(kinds.SNAPSHOT, name), 'Warning', 'SnapshotSlow', 'the backup target is full');
    await expect(openReader(within, CUT, 'data-db-0')).rejects.toThrow(/within \S+: the backup target is full\.$/);
    scene.edit(kinds.SNAPSHOT, name, ({ status }) => (status.error = { message: 'the upload was cut off' }));
    await expect(openReader(within, CUT, 'data-db-0')).rejects.toThrow(/within \S+: the upload was cut off\.$/);
    expect(scene.warnings.join()).toContain('the upload was cut off');
  });

  it.each(['snapshot snap://x not found', 'limit of snapshots exceeded'])(
    'is not waited for when its snapshot can never become usable: %s',
    async (message) => {
      scene.storage.driver(DRIVER).readyMs = Number.POSITIVE_INFINITY;
      await cut('data-db-0');
      const opening = openReader(scene.context, CUT, 'data-db-0');
      const failing = expect(opening).rejects.toThrow(`it will never be usable: ${message}`);
      const name = claimNameOf('snapshot', CUT, 'data-db-0');
      scene.edit(kinds.SNAPSHOT, name, ({ status }) => (status.error = { message }));
      await failing;
    },
  );

  it('is none of a snapshot that is on its way out', async () => {
    await cut('data-db-0');
    const name = claimNameOf('snapshot', CUT, 'data-db-0');
    scene.edit(kinds.SNAPSHOT, name, ({ metadata }) => metadata.finalizers?.push('somebody/holds-it'));
    scene.store.remove(kinds.SNAPSHOT, name, SPACE);
    await expect(openReader(scene.context, CUT, 'data-db-0')).rejects.toThrow(/somebody removed it/);
  });

  it('has the content kept, and says so when that cannot be', async () => {
    await cut('data-db-0');
    expect(scene.contentOf('data-db-0').spec.deletionPolicy).toBe('Delete');
    const stop = scene.admit(({ object }) => {
      if (object.kind === 'VolumeSnapshotContent') object.spec.deletionPolicy = 'Delete';
    });
    await expect(openReader(scene.context, CUT, 'data-db-0')).rejects.toThrow(/cannot be set to be kept/);
    stop();
    await openReader(scene.context, CUT, 'data-db-0');
    expect(scene.contentOf('data-db-0').spec.deletionPolicy).toBe('Retain');
  });

  it('is made once, however often and by how many it is asked for', async () => {
    await cut('data-db-0');
    const asked = await Promise.all([1, 2, 3].map(() => openReader(scene.with({}), CUT, 'data-db-0')));
    const again = await openReader(scene.with({}), CUT, 'data-db-0');
    expect(new Set([...asked, again].map(({ metadata }) => metadata?.uid)).size).toBe(1);
  });

  it('is none when no snapshot is on record, when it was removed, and while an older reader is going', async () => {
    await expect(openReader(scene.context, CUT, 'data-db-0')).rejects.toThrow(/none is on record/);
    await cut('data-db-0');
    const name = claimNameOf('snapshot', CUT, 'data-db-0');
    scene.put(kinds.CLAIM, name, {
      metadata: { finalizers: ['somebody/holds-it'] },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    scene.store.remove(kinds.CLAIM, name, SPACE);
    await expect(openReader(scene.context, CUT, 'data-db-0')).rejects.toThrow(/is being removed/);
    scene.edit(kinds.CLAIM, name, ({ metadata }) => (metadata.finalizers = []));
    scene.store.remove(kinds.SNAPSHOT, name, SPACE);
    await scene.until('it is gone', () => scene.snapshots().length === 0);
    await expect(openReader(scene.context, CUT, 'data-db-0')).rejects.toMatchObject({ code: 'part-missing' });
  });
});

describe('a reader on a whole workspace', () => {
  async function cutOf(make: (lab: KubeLab) => Promise<Layout>, part: string) {
    const lab = await createKubeLab();
    onTestFinished(() => lab.dispose());
    const layout = await make(lab);
    const context: KubeContext = { ...contextOf(lab.cluster()), namespace: WORKSPACE, workspace: WORKSPACE };
    const quiet = { operationId: CUT, token: 'one', stoppedAt: new Date().toISOString() };
    await beginQuiet(context, quiet);
    await makeSnapshots(context, CUT, planOf([part]), quiet);
    const reader = await openReader(context, CUT, part);
    return { lab, layout, context, reader };
  }

  it('of a folder served from a Longhorn volume is a reader of that volume, mounted at the folder in it', async () => {
    const make = (lab: KubeLab) => makeEcsLonghorn(lab, { small: true });
    const { lab, context, reader } = await cutOf(make, 'projects-pvc');
    const shown = lab.store.get(kinds.CLAIM, 'projects-pvc', WORKSPACE)?.spec.volumeName;
    expect(reader.metadata?.annotations?.[NOTES.within]).toBe(shown);
    expect(reader.spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '466Gi' } },
    });
    const places = [{ path: '/mnt/cml/snapshot/projects-pvc', access: 'read' as const }];
    expect((await mountPlaces(context, CUT, places)).mounts[0]).toMatchObject({ subPath: shown, readOnly: true });
  });

  it('of a folder on CephFS is the snapshot itself, only to be read; of a volume on Ceph a claim for one node', async () => {
    const { lab, context, layout, reader } = await cutOf(
      (bare) => makeOpenshiftCeph(bare, { small: true }),
      'projects-pvc',
    );
    expect(reader.spec?.accessModes).toEqual(['ReadOnlyMany']);
    const isBound = (name = '') => lab.store.get(kinds.CLAIM, name, WORKSPACE)?.status?.phase === 'Bound';
    await expect.poll(() => isBound(reader.metadata?.name), { timeout: 5_000 }).toBe(true);
    const volume = layout.parts.find(({ kind }) => kind === 'volume')?.name ?? '';
    const quiet = { operationId: 'op_0000000002', token: 'two', stoppedAt: new Date().toISOString() };
    await beginQuiet(context, quiet);
    await makeSnapshots(context, quiet.operationId, planOf([volume]), quiet);
    expect((await openReader(context, quiet.operationId, volume)).spec?.accessModes).toEqual(['ReadWriteOnce']);
  });
});

describe('an amount', () => {
  it.each([
    ['10Gi', 10 * 1024 ** 3],
    ['500M', 500e6],
    ['1.5Ki', 1536],
    ['3k', 3000],
    ['1e3', 1000],
    ['2E', 2e18],
    ['12', 12],
    [undefined, 0],
    ['much', 0],
  ])('of %s is %d bytes', (quantity, bytes) => {
    expect(bytesOf(quantity)).toBe(bytes);
  });

  it('is the largest as it was written', () => {
    expect(largestOf(['1Gi', undefined, '1100M', '0'])).toBe('1100M');
    expect(largestOf([undefined])).toBe('0');
  });
});
