import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLAIM, type Kind, POD, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, LABELS, NOTES, OURS, placePath } from '../../../src/workspace/kubernetes/names.ts';
import { mountPlaces } from '../../../src/workspace/kubernetes/places.ts';
import { dropShares } from '../../../src/workspace/kubernetes/shares.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';
import { contextOf, mount, NAMESPACE } from './scene.ts';

const OPERATION = 'op_abc';

let double: KubeDouble;

beforeEach(async () => {
  double = await createKubeDouble({ namespaces: [NAMESPACE] });
});
afterEach(() => double.dispose());

const context = (settings: object = {}) => contextOf(double.cluster(), settings);
const put = (kind: Kind, name: string, rest: object, metadata: object = {}) =>
  double.store.create(kind, {
    metadata: { name, ...(kind.namespaced ? { namespace: NAMESPACE } : {}), ...metadata },
    ...rest,
  } as KubernetesObject);

function claim(
  name: string,
  options: { modes?: string[]; source?: object; metadata?: object; mountOptions?: string[] } = {},
) {
  const { modes: accessModes = ['ReadWriteOnce'], source = { csi: { driver: 'd', volumeHandle: name } } } = options;
  put(CLAIM, name, { spec: { accessModes, volumeName: `pv-${name}` } }, options.metadata);
  const { mountOptions = [] } = options;
  put(VOLUME, `pv-${name}`, { spec: { ...source, accessModes, mountOptions, capacity: { storage: '1Ti' } } });
}
const pod = (name: string, node: string, ...claims: string[]) =>
  put(POD, name, {
    spec: { nodeName: node, containers: [], volumes: claims.map((one) => mount(one)) },
    status: { phase: 'Running' },
  });
const live = (part: string) => placePath({ life: 'live', part });

describe('places in a pod', () => {
  it('are mounted at their paths, only to be read where nothing is written', async () => {
    claim('data-db-0');
    claim('livelog');
    const needed = [
      { path: `${live('database')}/pg_wal`, access: 'read' },
      { path: live('livelog'), access: 'read' },
      { path: live('livelog'), access: 'write' },
    ] as const;
    const settings = { parts: { 'data-db-0': { name: 'database' } } };
    expect(await mountPlaces(context(settings), OPERATION, needed)).toEqual({
      volumes: [
        { name: 'place-0', persistentVolumeClaim: { claimName: 'data-db-0', readOnly: true } },
        { name: 'place-1', persistentVolumeClaim: { claimName: 'livelog', readOnly: false } },
      ],
      mounts: [
        { name: 'place-0', mountPath: live('database'), readOnly: true },
        { name: 'place-1', mountPath: live('livelog'), readOnly: false },
      ],
      isWritten: true,
      slow: [],
      nodeName: undefined,
    });
  });

  it('are where the pod runs that has a volume for its node alone, wherever for the others', async () => {
    claim('one');
    claim('shared', { modes: ['ReadWriteMany'] });
    claim('other');
    pod('p1', 'node-1', 'shared', 'one');
    pod('p2', 'node-2', 'shared', 'other');
    const read = (...parts: string[]) =>
      mountPlaces(
        context(),
        OPERATION,
        parts.map((part) => ({ path: live(part), access: 'read' })),
      );
    expect((await read('shared')).nodeName).toBeUndefined();
    expect((await read('shared', 'other')).nodeName).toBe('node-2');
    await expect(read('one', 'other')).rejects.toThrow('one, other are held on two nodes, node-1 and node-2');
  });

  it('are, of what storage took, claims of this operation that nobody can write to', async () => {
    const name = claimNameOf('snapshot', OPERATION, 'projects');
    const metadata = { labels: { [LABELS.managedBy]: OURS }, annotations: { [NOTES.within]: 'pvc-1/files' } };
    claim(name, { metadata });
    const path = placePath({ life: 'snapshot', part: 'projects' });
    const { mounts, volumes } = await mountPlaces(context(), OPERATION, [{ path, access: 'write' }]);
    expect(volumes[0]?.persistentVolumeClaim).toEqual({ claimName: name, readOnly: true });
    expect(mounts[0]).toEqual({ name: 'place-0', mountPath: path, readOnly: true, subPath: 'pvc-1/files' });
  });

  it('are refused when they are not there', async () => {
    const scratch = placePath({ life: 'scratch', operationId: 'op_x', part: 'db' });
    for (const path of [live('nothing'), scratch, '/etc']) {
      const mounting = mountPlaces(context(), OPERATION, [{ path, access: 'read' }]);
      await expect(mounting).rejects.toMatchObject({ code: 'part-missing' });
    }
  });
});

describe('a share of a file server', () => {
  const nfs = { nfs: { server: 'filer', path: '/export/ws1' } };
  const mountOptions = ['nfsvers=4.1', 'sharecache', 'hard', 'rw'];
  const reading = (access: 'read' | 'write') =>
    mountPlaces(context(), OPERATION, [{ path: live('projects-pvc'), access }]);

  beforeEach(() => claim('projects-pvc', { modes: ['ReadWriteMany'], source: nfs, mountOptions }));

  it('is read through a volume of our own that shares no cache, whose claim nobody else can get', async () => {
    const name = (await reading('read')).volumes[0]?.persistentVolumeClaim?.claimName ?? '';
    const own = double.store.get(VOLUME, name);
    expect((await reading('read')).slow).toEqual([live('projects-pvc')]);
    expect((await reading('write')).slow).toEqual([]);
    expect(own?.spec).toMatchObject({
      nfs: { server: 'filer', path: '/export/ws1', readOnly: true },
      mountOptions: ['ro', 'nosharecache', 'nfsvers=4.1', 'hard'],
      claimRef: { name, namespace: NAMESPACE },
      persistentVolumeReclaimPolicy: 'Retain',
      accessModes: ['ReadOnlyMany'],
    });
    expect(own?.metadata.labels).toMatchObject({ [LABELS.operation]: OPERATION });
    expect(double.store.get(CLAIM, name, NAMESPACE)?.spec.volumeName).toBe(name);
    expect((await reading('read')).volumes[0]?.persistentVolumeClaim?.claimName).toBe(name);
  });

  it('is written through another one, and both go with the operation, the share itself never', async () => {
    await reading('read');
    const name = (await reading('write')).volumes[0]?.persistentVolumeClaim?.claimName ?? '';
    expect(double.store.get(VOLUME, name)?.spec.mountOptions.slice(0, 2)).toEqual(['rw', 'nosharecache']);
    await dropShares(context(), 'op_other');
    expect(double.store.list(VOLUME)).toHaveLength(3);
    await dropShares(context(), OPERATION);
    const left = (kind: Kind) => double.store.list(kind).filter((one) => one.metadata.deletionTimestamp === undefined);
    expect(left(CLAIM).map(({ metadata }) => metadata.name)).toEqual(['projects-pvc']);
    expect(left(VOLUME).map(({ metadata }) => metadata.name)).toEqual(['pv-projects-pvc']);
  });
});
