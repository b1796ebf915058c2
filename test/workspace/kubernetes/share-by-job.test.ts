import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Program } from '../../../src/program.ts';
import { endPrograms } from '../../../src/workspace/kubernetes/end-programs.ts';
import { CLAIM, type Kind, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, placePath } from '../../../src/workspace/kubernetes/names.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { until } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene, near, OPERATION } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

let scene: JobScene;
let filer: string;

beforeEach(async () => {
  filer = await mkdtemp(join(tmpdir(), 'cml-filer-'));
  scene = await createJobScene();
  scene.double.world.exportOf = () => filer;
  scene.double.world.directoryOf = () => filer;
  const put = (kind: Kind, name: string, spec: object) =>
    scene.double.store.create(kind, {
      metadata: { name, ...(kind.namespaced ? { namespace: NAMESPACE } : {}) },
      spec,
    } as KubernetesObject);
  const shared = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  const nfs = { server: 'filer', path: '/export/ws1' };
  const capacity = { storage: '1Ti' };
  const claimRef = { name: 'projects-pvc', namespace: NAMESPACE };
  put(VOLUME, 'projects', { ...shared, nfs, capacity, claimRef, persistentVolumeReclaimPolicy: 'Retain' });
  put(CLAIM, 'projects-pvc', { ...shared, volumeName: 'projects', resources: { requests: capacity } });
  await until(() => scene.double.store.get(CLAIM, 'projects-pvc', NAMESPACE)?.status?.phase === 'Bound');
});

afterEach(async () => {
  await scene.dispose();
  await rm(filer, { recursive: true });
});

it('reads a live share through a volume of our own, everything looked at before the program begins', async () => {
  for (const at of [1, 2, 3]) await mkdir(join(filer, `folder ${at}`, 'deep'), { recursive: true });
  await writeFile(join(filer, 'folder 3', 'deep', 'file'), 'text');
  const path = placePath({ life: 'live', part: 'projects-pvc' });
  // Its own `find` tells who looked where.
  const notes = await scene.place('scratch', 'notes');
  const find = `#!/bin/sh\necho "$PWD $*" >>${notes.path}/looked\nexec /usr/bin/find "$@"\n`;
  await writeFile(join(notes.directory, 'find'), find, { mode: 0o755 });
  const script = `cat "$1/folder 3/deep/file"; touch "$1/x" 2>/dev/null || echo; mv ${notes.path}/looked ${notes.path}/before; exit 9`;
  const program: Program = {
    ...{ key: 'delta', command: 'sh', args: ['-c', script, 'sh', path] },
    env: { PATH: `${notes.path}:/usr/sbin:/usr/bin:/sbin:/bin` },
    needs: { places: [...(near(path, 'read').needs?.places ?? []), { path: notes.path, access: 'write' }] },
  };
  const lines: string[] = [];
  const run = createJobRunner(scene.context);
  const { exitCode, stderr } = await run(program, { folder: scene.folder, onLine: (line) => lines.push(line) });
  expect({ exitCode, stderr, lines }).toEqual({ exitCode: 9, stderr: [], lines: ['text'] });
  const looked = await readFile(join(notes.directory, 'before'), 'utf8');
  for (const at of [1, 2, 3]) expect(looked).toContain(`./folder ${at}/deep`);
  expect(looked).toContain(`${path} . -mindepth 1`);
  const mounted = scene.double.store.list(VOLUME).find(({ spec }) => spec.mountOptions?.includes('nosharecache'));
  expect(mounted?.spec).toMatchObject({ mountOptions: ['ro', 'nosharecache'], nfs: { readOnly: true } });
});

it('shows the share again after its volume, or only the claim on it, was removed', async () => {
  const path = placePath({ life: 'live', part: 'projects-pvc' });
  await writeFile(join(filer, 'file'), 'text');
  const run = createJobRunner(scene.context, { beginsWithinMs: 5_000 });
  const read = (key: string) =>
    run({ key, command: 'cat', args: [`${path}/file`], ...near(path, 'read') }, { folder: scene.folder });
  expect((await read('one')).exitCode).toBe(0);
  await endPrograms(scene.context, OPERATION);
  expect((await read('two')).exitCode).toBe(0);
  const own = scene.double.store
    .list(CLAIM, NAMESPACE)
    .find(({ metadata }) => metadata.labels?.[LABELS.role] === 'share');
  await scene.context.cluster.remove(CLAIM, own?.metadata.name ?? '', NAMESPACE);
  expect((await read('three')).exitCode).toBe(0);
}, 20_000);
