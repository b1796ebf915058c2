import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dropDisplaced, keepDisplaced } from '../../../src/workspace/kubernetes/displaced.ts';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import { CLAIM, type Kind, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { beginQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { releaseStage, stageWishes } from '../../../src/workspace/kubernetes/stage.ts';
import { commitSwap, revertSwap } from '../../../src/workspace/kubernetes/swap.ts';
import { until } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene, near, OPERATION } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

const PART = 'projects-pvc';
const BESIDE = { parts: { [PART]: { beside: true } } };
const QUIET = { operationId: OPERATION, token: 'quiet', stoppedAt: '2026-01-01T00:00:00.000Z' };

let scene: JobScene;
let filer: string;

async function begin(settings: object): Promise<void> {
  scene = await createJobScene(settings);
  const { store, world } = scene.double;
  const folderOf = (path: string) => join(filer, path);
  const others = world.directoryOf;
  world.exportOf = (_server, path) => folderOf(path);
  world.directoryOf = (name) => {
    const path = store.get(VOLUME, name)?.spec.nfs?.path;
    return path === undefined ? others(name) : folderOf(path);
  };
  const put = (kind: Kind, name: string, spec: object) =>
    store.create(kind, {
      metadata: { name, ...(kind.namespaced ? { namespace: NAMESPACE } : {}) },
      spec,
    } as KubernetesObject);
  const shared = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  const nfs = { server: 'filer', path: '/export/ws1' };
  const capacity = { storage: '1Ti' };
  const claimRef = { name: PART, namespace: NAMESPACE };
  put(VOLUME, 'projects', { ...shared, nfs, capacity, claimRef, persistentVolumeReclaimPolicy: 'Retain' });
  put(CLAIM, PART, { ...shared, volumeName: 'projects', resources: { requests: capacity } });
  await until(() => store.get(CLAIM, PART, NAMESPACE)?.status?.phase === 'Bound');
}

beforeEach(async () => {
  filer = await mkdtemp(join(tmpdir(), 'cml-filer-'));
  mkdirSync(join(filer, 'export', 'ws1'), { recursive: true });
  writeFileSync(join(filer, 'export', 'ws1', 'file'), 'old');
  await chmod(join(filer, 'export', 'ws1'), 0o2770);
});
afterEach(async () => {
  await scene.dispose();
  await rm(filer, { recursive: true });
});

const livePath = () => {
  const name = scene.double.store.get(CLAIM, PART, NAMESPACE)?.spec.volumeName;
  return scene.double.store.get(VOLUME, name)?.spec.nfs.path as string;
};
const live = () => readFileSync(join(filer, livePath(), 'file'), 'utf8');

async function swapIn(): Promise<void> {
  const { context, folder } = scene;
  const staged = await stageWishes(context, OPERATION, [{ part: PART }]);
  const path = staged[0]?.path ?? '';
  const program = { key: 'fill', command: 'sh', args: ['-c', 'echo -n new > "$1/file"', 'sh', path], ...near(path) };
  expect((await createJobRunner(context)(program, { folder })).exitCode).toBe(0);
  await beginQuiet(context, QUIET);
  await commitSwap(context, OPERATION, staged, QUIET);
}

test('a folder of a file server is built beside the live one, swapped in, put back, and removed', async () => {
  await begin(BESIDE);
  await swapIn();
  expect(live()).toBe('new');
  expect(livePath()).toBe('/export/ws1.cml-op-0000000001');
  expect(statSync(join(filer, livePath())).mode & 0o7777).toBe(0o2770);
  await revertSwap(scene.context, OPERATION);
  expect([live(), livePath()]).toEqual(['old', '/export/ws1']);
  await releaseStage(scene.context, OPERATION);
  expect(readdirSync(join(filer, 'export'))).toEqual(['ws1']);
  await until(() => scene.double.store.list(VOLUME).length === 1);
});

test('what it displaced goes with its bytes once its time has passed', async () => {
  await begin(BESIDE);
  await swapIn();
  await keepDisplaced(scene.context, OPERATION, '2026-02-01T00:00:00.000Z');
  await releaseStage(scene.context, OPERATION);
  expect(existsSync(join(filer, 'export', 'ws1', 'file'))).toBe(true);
  expect(await dropDisplaced(scene.context, '2026-03-01T00:00:00.000Z', [])).toHaveLength(1);
  expect(readdirSync(join(filer, 'export'))).toEqual(['ws1.cml-op-0000000001']);
  expect(live()).toBe('new');
});

test('without a word that this is possible it is planned in place, and not staged', async () => {
  await begin({});
  const [part] = (await inspectWorkspace(scene.context)).parts;
  expect(part).toMatchObject({ name: PART, notBeside: expect.any(String) });
  const staging = stageWishes(scene.context, OPERATION, [{ part: PART }]);
  await expect(staging).rejects.toMatchObject({ code: 'preflight-failed' });
});

test('the bytes of what it displaced stay while another volume shows them', async () => {
  await begin(BESIDE);
  await swapIn();
  await keepDisplaced(scene.context, OPERATION, '2026-02-01T00:00:00.000Z');
  scene.double.store.create(VOLUME, {
    metadata: { name: 'of-a-user' },
    spec: { nfs: { server: 'FILER', path: '/export/ws1/user' }, capacity: { storage: '1Ti' } },
  } as KubernetesObject);
  await dropDisplaced(scene.context, '2026-03-01T00:00:00.000Z', []);
  expect(existsSync(join(filer, 'export', 'ws1', 'file'))).toBe(true);
  expect(scene.double.store.get(VOLUME, 'projects')).toBeUndefined();
});
