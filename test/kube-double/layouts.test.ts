import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, expect, test } from 'vitest';
import type { Cluster } from '../../src/workspace/kubernetes/cluster.ts';
import { CLAIM, POD, SNAPSHOT, VOLUME, type VolumeSnapshot } from '../../src/workspace/kubernetes/kinds.ts';
import { hasBtrfs, makeBtrfsVolume } from '../btrfs-volume.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { unbound } from '../fakes/kube-api/layouts/build.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import { EVALUATOR } from '../fakes/kube-api/layouts/evaluator.ts';
import { EXPORT, FILER, filerFolder, makeExternalNfs } from '../fakes/kube-api/layouts/external-nfs.ts';
import { eventually, type Layout, WORKSPACE } from '../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../fakes/kube-api/layouts/openshift-ceph.ts';
import { compare, walk } from '../walker.ts';

let lab: KubeLab;
afterEach(async () => {
  await lab.dispose();
  expect(lab.world.failures).toEqual([]);
});

const LAYOUTS = [
  ['ecs-longhorn', makeEcsLonghorn],
  ['openshift-ceph', makeOpenshiftCeph],
  ['external-nfs', makeExternalNfs],
] as const;
const WITHIN = { withinMs: 10_000 };

async function snapshotOf(cluster: Cluster, name: string, claim: string): Promise<string> {
  const metadata = { name, namespace: WORKSPACE };
  await cluster.create(SNAPSHOT, {
    metadata,
    spec: { source: { persistentVolumeClaimName: claim }, ...classOf(claim) },
  });
  const where = { namespace: WORKSPACE, fields: `metadata.name=${name}` };
  const look = ([found]: readonly VolumeSnapshot[]) =>
    found?.status?.readyToUse ? found.status.boundVolumeSnapshotContentName : undefined;
  return cluster.follow(SNAPSHOT, where, look, WITHIN);
}

/** No class of these layouts is the default. */
function classOf(claim: string): { volumeSnapshotClassName: string } {
  const driver = lab.store.get(VOLUME, lab.store.get(CLAIM, claim, WORKSPACE)?.spec.volumeName)?.spec.csi.driver;
  const classes: Record<string, string> = {
    'driver.longhorn.io': 'longhorn-snapshot',
    'openshift-storage.rbd.csi.ceph.com': 'ocs-storagecluster-rbdplugin-snapclass',
    'openshift-storage.cephfs.csi.ceph.com': 'ocs-storagecluster-cephfsplugin-snapclass',
  };
  return { volumeSnapshotClassName: classes[driver] ?? 'none' };
}

/** The claim whose volume holds the bytes of a part. */
const behind = (layout: Layout, part: string) =>
  part === 'projects-pvc' && layout.name === 'ecs-longhorn' ? `longhorn-nfs-${WORKSPACE}` : part;

test.each(LAYOUTS)('brings up a whole workspace on %s, and takes every part that can be taken', async (_name, make) => {
  lab = await createKubeLab();
  const layout: Layout = await make(lab, {});
  expect(layout.services.filter((service) => !layout.isUp(service))).toEqual([]);
  for (const service of layout.services) layout.takeDown(service);
  await layout.endSessions();
  const cluster = lab.cluster();
  for (const part of layout.parts) {
    const before = await layout.walk(part.name);
    expect(Object.keys(before.entries).length, part.name).toBeGreaterThan(2);
    if (part.driver === undefined) continue;
    const content = await snapshotOf(cluster, `cut-${part.name}`, behind(layout, part.name));
    const within = behind(layout, part.name) === part.name ? '' : layout.directoryOf(part.name).split('/').at(-1);
    expect(compare(before, await walk(join(layout.snapshotDirectory(content), within ?? '')))).toEqual([]);
  }
});

test.each(LAYOUTS)('moves a claim of a stopped workspace on %s to another volume and back up', async (_name, make) => {
  lab = await createKubeLab();
  const layout: Layout = await make(lab, { small: true });
  for (const service of layout.services) layout.takeDown(service);
  await eventually(lab, 5_000, () => (lab.store.list(POD, WORKSPACE).length > 0 ? 'pods still there' : undefined));
  const cluster = lab.cluster();
  const name = 'postgres-data-versioned-db-0';
  await snapshotOf(cluster, 'cut', name);
  await layout.write(name, '14/written-later', 'not in the cut');
  const { spec } = lab.store.get(CLAIM, name, WORKSPACE) ?? {};
  const { accessModes, resources, storageClassName } = spec;
  const metadata = { name: 'staged', namespace: WORKSPACE };
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'cut' };
  await cluster.create(CLAIM, { metadata, spec: { accessModes, resources, storageClassName, dataSource } });
  const bound = await cluster.follow(CLAIM, { namespace: WORKSPACE }, (claims) =>
    claims.find((claim) => claim.metadata?.name === 'staged' && claim.status?.phase === 'Bound'),
  );
  const volume = bound.spec?.volumeName ?? '';
  for (const one of [volume, spec.volumeName])
    await cluster.patch(VOLUME, one, undefined, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
  for (const claim of ['staged', name]) await cluster.remove(CLAIM, claim, WORKSPACE);
  const isOneOfBoth = ({ metadata }: KubernetesObject) => ['staged', name].includes(metadata?.name ?? '');
  await cluster.follow(CLAIM, { namespace: WORKSPACE }, (all) => !all.some(isOneOfBoth) || undefined, WITHIN);
  const claimRef = { namespace: WORKSPACE, name, uid: null, resourceVersion: null };
  await cluster.patch(VOLUME, volume, undefined, { spec: { claimRef } });
  await cluster.create(CLAIM, {
    metadata: { name, namespace: WORKSPACE },
    spec: { accessModes, resources, storageClassName, volumeName: volume },
  });
  for (const service of layout.services) layout.bringUp(service, service === 'web' ? 3 : 1);
  await layout.allUp();
  expect(existsSync(join(layout.directoryOf(name), '14', 'written-later'))).toBe(false);
  expect(await layout.read(name, '14/PG_VERSION')).toBe('14\n');
});

test('shows through the server of a shared folder whatever volume its claim is bound to', async () => {
  lab = await createKubeLab();
  const layout = await makeEcsLonghorn(lab, { small: true });
  const server = `longhorn-nfs-${WORKSPACE}`;
  for (const service of layout.services) layout.takeDown(service);
  await eventually(lab, 5_000, () => (lab.store.list(POD, WORKSPACE).length > 0 ? 'pods still there' : undefined));
  const before = layout.directoryOf('projects-pvc');
  const claim = lab.store.get(CLAIM, server, WORKSPACE);
  lab.store.edit(VOLUME, claim?.spec.volumeName, undefined, ({ spec }) => {
    spec.persistentVolumeReclaimPolicy = 'Retain';
  });
  lab.store.remove(CLAIM, server, WORKSPACE);
  await eventually(lab, 5_000, () => (lab.store.get(CLAIM, server, WORKSPACE) ? 'claim still there' : undefined));
  const { accessModes, resources, storageClassName } = claim?.spec ?? {};
  const metadata = { name: server, namespace: WORKSPACE };
  await lab.cluster().create(CLAIM, { metadata, spec: { accessModes, resources, storageClassName } });
  await eventually(lab, 5_000, () => unbound(lab, [server]));
  const after = layout.directoryOf('projects-pvc');
  expect([existsSync(before), existsSync(after), after === before]).toEqual([true, false, false]);
});

test('leaves pods hanging that have files of a server mounted which was stopped before them', async () => {
  lab = await createKubeLab();
  const layout = await makeEcsLonghorn(lab, { small: true });
  const podsOf = (app: string) => lab.store.list(POD, WORKSPACE).filter(({ metadata }) => metadata.labels?.app === app);
  const server = `longhorn-nfs-${WORKSPACE}`;
  layout.takeDown(server);
  await eventually(lab, 5_000, () => (podsOf(server).length > 0 ? 'the server is still there' : undefined));
  layout.takeDown('web');
  await eventually(lab, 5_000, () =>
    podsOf('web').every(({ metadata }) => metadata.deletionTimestamp) ? undefined : 'up',
  );
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(podsOf('web')).toHaveLength(3);
  layout.bringUp(server);
  await eventually(lab, 5_000, () => (podsOf('web').length > 0 ? 'still hanging' : undefined));
});

test('makes no pod of the workspace while the service that lets pods in is down', async () => {
  lab = await createKubeLab();
  const layout = await makeOpenshiftCeph(lab, { small: true, evaluator: true });
  for (const service of [EVALUATOR, 'web']) layout.takeDown(service);
  await eventually(lab, 5_000, () => (lab.store.list(POD, WORKSPACE).length > 2 ? 'pods still there' : undefined));
  layout.bringUp('web', 3);
  await expect(layout.allUp(400)).rejects.toThrow('not up: web');
  layout.bringUp(EVALUATOR);
  await layout.allUp();
});

test('shows a session one project of the shared folder, and gives that up with its pod', async () => {
  for (const [, make] of LAYOUTS) {
    lab = await createKubeLab();
    const layout: Layout = await make(lab, { small: true, users: 2 });
    expect(layout.userNamespaces).toEqual(['workspace1-user-1', 'workspace1-user-2']);
    for (const namespace of layout.userNamespaces) {
      await eventually(lab, 5_000, () =>
        lab.store.list(POD, namespace)[0]?.status?.phase === 'Running' ? undefined : 'no session runs',
      );
      const claim = lab.store.list(CLAIM, namespace)[0];
      expect(claim?.metadata.name).toMatch(/^[0-9a-f]{8}$/);
      const readme = join(lab.world.directoryOf(claim?.spec.volumeName), 'README.md');
      await writeFile(readme, 'written by a session');
    }
    expect(await layout.read('projects-pvc', 'projects/0/1/README.md')).toBe('written by a session');
    await layout.endSessions();
    if (make !== makeExternalNfs) await lab.dispose();
  }
});

test('lets a folder beside the workspace be mounted where the filer exports their parent, and only there', async () => {
  for (const siblingsHidden of [false, true]) {
    lab = await createKubeLab();
    await makeExternalNfs(lab, { small: true, siblingsHidden });
    await mkdir(join(filerFolder(lab), 'beside'));
    expect(existsSync(lab.world.exportOf(FILER, `${EXPORT}/beside`))).toBe(!siblingsHidden);
    expect(existsSync(lab.world.exportOf(FILER, `${EXPORT}/${WORKSPACE}`))).toBe(true);
    if (!siblingsHidden) await lab.dispose();
  }
});

test.skipIf(!hasBtrfs)('takes snapshots on btrfs as subvolumes, however much they hold', async () => {
  const disk = await makeBtrfsVolume();
  try {
    lab = await createKubeLab({ folder: disk.top });
    const layout = await makeEcsLonghorn(lab, { small: true });
    layout.takeDown('db');
    const content = await snapshotOf(lab.cluster(), 'cut', 'postgres-data-versioned-db-0');
    const taken = layout.snapshotDirectory(content);
    expect(compare(await layout.walk('postgres-data-versioned-db-0'), await walk(taken))).toEqual([]);
    expect(await disk.subvolumes()).toContain(taken.slice(disk.top.length + 1));
    await lab.cluster().remove(SNAPSHOT, 'cut', WORKSPACE);
    await eventually(lab, 5_000, () => (lab.storage.snapshots.size > 0 ? 'snapshot is still there' : undefined));
    await lab.dispose();
  } finally {
    await disk.dispose();
  }
});
