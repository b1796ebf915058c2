import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, placePath } from '../../../src/workspace/kubernetes/names.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { CAPACITY, makeScratch, releaseScratch, runChecks } from '../../../src/workspace/kubernetes/scratch.ts';
import { createKubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { until } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene, OPERATION } from './job-scene.ts';
import { contextOf, NAMESPACE } from './scene.ts';

const CHECKS = [
  {
    name: 'whole',
    command: ['sh', '-c', 'grep -q good "$CML_SCRATCH/db/file" || { echo torn >&2; exit 1; }'],
  },
];
const OTHER = 'op_0000000002';

let scene: JobScene;
beforeEach(async () => {
  scene = await createJobScene({ checks: CHECKS });
});
afterEach(() => scene.dispose());

const directory = (operationId: string, part: string) => {
  const claim = scene.double.store.get(kinds.CLAIM, claimNameOf('scratch', operationId, part), NAMESPACE);
  return claim?.spec.volumeName && scene.double.world.directoryOf(claim.spec.volumeName);
};
const made = async (operationId: string, part = 'db'): Promise<string> => {
  await until(() => Boolean(directory(operationId, part)));
  return directory(operationId, part);
};
const make = (context: KubeContext, operationId: string, bytes = 10) =>
  makeScratch(context, operationId, [{ name: 'db', bytes }]);

test('makes empty places, again when asked again, and removes them with their bytes and nothing else', async () => {
  const { context } = scene;
  const places = await make(context, OPERATION);
  expect(places).toEqual([
    { part: 'db', path: placePath({ life: 'scratch', operationId: OPERATION, part: 'db' }), isRoot: true },
  ]);
  writeFileSync(join(await made(OPERATION), 'file'), 'half of it');
  const first = await made(OPERATION);
  expect(await make(context, OPERATION)).toEqual(places);
  expect(existsSync(first)).toBe(false);
  expect(readdirSync(await made(OPERATION))).toEqual([]);
  await make(context, OTHER);
  const other = await made(OTHER);
  await releaseScratch(context, OPERATION);
  await releaseScratch(context, OPERATION);
  expect(existsSync(other)).toBe(true);
  expect(scene.double.store.list(kinds.VOLUME)).toHaveLength(1);
});

test('takes no room from the volume that a server in the workspace has the live folder on', async () => {
  const lab = await createKubeLab();
  onTestFinished(() => lab.dispose());
  const layout = await makeEcsLonghorn(lab, { small: true });
  const context = { ...contextOf(lab.cluster()), namespace: WORKSPACE, workspace: WORKSPACE };
  await makeScratch(context, OPERATION, [{ name: 'projects-pvc', bytes: 10 }]);
  const claim = () => lab.store.get(kinds.CLAIM, claimNameOf('scratch', OPERATION, 'projects-pvc'), WORKSPACE);
  await until(() => claim()?.status?.phase === 'Bound');
  const live = dirname(layout.directoryOf('projects-pvc'));
  expect(lab.world.directoryOf(claim()?.spec.volumeName).startsWith(live)).toBe(false);
});

test('makes none where there is no room', async () => {
  const { context, double } = scene;
  await expect(make(context, OPERATION, 1e18)).rejects.toMatchObject({ code: 'preflight-failed' });
  double.offer(CAPACITY);
  const says = { storageClassName: 'block', capacity: '100Gi', maximumVolumeSize: '5Gi' };
  double.store.create(CAPACITY, { metadata: { name: 'csisc-1', namespace: 'kube-system' }, ...says } as never);
  await expect(make({ ...context, cluster: double.cluster() }, OPERATION, 6 * 2 ** 30)).rejects.toMatchObject({
    code: 'preflight-failed',
    hint: expect.stringContaining('none larger than 5 GiB'),
  });
  expect(double.store.list(kinds.CLAIM)).toEqual([]);
});

test('runs the checks of the workspace where the places are', async () => {
  const { context, folder } = scene;
  const run = createJobRunner(context);
  const places = await make(context, OPERATION);
  const look = () => runChecks(context, run, OPERATION, places, folder);
  writeFileSync(join(await made(OPERATION), 'file'), 'bad');
  await expect(look()).rejects.toMatchObject({ code: 'check-failed', message: expect.stringMatching(/whole.*torn/) });
  writeFileSync(join(await made(OPERATION), 'file'), 'good');
  expect(await look()).toHaveLength(1);
  expect(await look()).toHaveLength(1);
});
