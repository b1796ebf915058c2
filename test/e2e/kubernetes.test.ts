import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CONFIG_MAP, SECRET } from '../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES, OURS } from '../../src/workspace/kubernetes/names.ts';
import { SERVED } from '../fakes/kube-api/kinds-served.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import type { Layout } from '../fakes/kube-api/layouts/layout.ts';
import { type RestRepository, serveRepository } from '../fakes/rest-repository.ts';
import { compare, type Tree } from '../walker.ts';
import { asBob, type Bench, makeBench, restic } from './bench.ts';
import { sendSignal, until } from './processes.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 120_000 });

/** The main job on a cluster by the real command line, one sitting: every test goes on where the one before ended. */
let lab: KubeLab;
let layout: Layout;
let repository: RestRepository;
let bench: Bench;
let before: Record<string, Tree>;
let backup: string;
let restore: string;

beforeAll(async () => {
  lab = await createKubeLab();
  // What an image has: the program itself and restic.
  lab.world.imagePaths.push(process.cwd(), restic);
  layout = await makeEcsLonghorn(lab, { small: true });
  bench = await makeBench({ hasRepository: false });
  repository = await serveRepository(bench.at('repository'));
  await bench.configure({
    platform: {
      kind: 'kubernetes',
      kubeconfig: lab.kubeconfig,
      namespace: layout.namespace,
      movers: { image: 'cml-backup:1' },
    },
    repository: { location: repository.location },
  });
  const env = { ...process.env, RESTIC_PASSWORD: 'correct horse', RESTIC_REPOSITORY: repository.location };
  await promisify(execFile)(restic, ['--no-cache', 'init'], { env });
}, 120_000);

afterAll(async () => {
  await bench?.dispose();
  await repository?.close();
  await lab?.dispose();
});

async function trees(): Promise<Record<string, Tree>> {
  return Object.fromEntries(
    await Promise.all(layout.parts.map(async ({ name }) => [name, await layout.walk(name)] as const)),
  );
}

const differences = (now: Record<string, Tree>) =>
  Object.entries(before).flatMap(([part, tree]) => compare(tree, now[part] as Tree));

/** What is ours in the cluster, and what we noted on what is not. */
const traces = () =>
  SERVED.flatMap(({ kind }) =>
    lab.store
      .list(kind)
      .filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] || metadata.annotations?.[NOTES.ran])
      .map(({ metadata }) => `${kind.kind} ${metadata.labels?.[LABELS.role] ?? ''} ${metadata.name}`),
  );

test('check looks at the workspace on the cluster and finds it ready', async () => {
  const { exitCode, stdout } = await bench.say(['check', 'team-ml']);
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ready to be backed up') });
  for (const { name } of layout.parts) expect(stdout).toContain(name);
  for (const service of layout.services) expect(stdout).toMatch(new RegExp(`service ${service} +runs and is ready`));
  expect(traces()).toEqual([]);
});

test('backup makes one of every part, services come back, and nothing of ours stays', async () => {
  before = await trees();
  const { exitCode, answer, stderr } = await bench.sayJson(['backup', 'team-ml', '--now', '--name', 'first']);
  expect({ exitCode, stderr, backup: answer.backup }).toMatchObject({
    exitCode: 0,
    backup: { status: 'completed', parts: layout.parts.map(({ name }) => ({ name, capture: 'snapshot' })) },
  });
  backup = answer.backup.id;
  await layout.allUp();
  expect(traces()).toEqual([]);
  expect(differences(await trees())).toEqual([]);
});

test('status and list show it', async () => {
  const [state] = (await bench.sayJson(['status'])).answer.workspaces;
  expect(state.lastBackup.id).toBe(backup);
  expect(state.services.map(({ name }: { name: string }) => name).sort()).toEqual([...layout.services].sort());
  expect((await bench.say(['list'])).stdout).toMatch(new RegExp(`${backup} +first +team-ml`));
});

test('restore waits for another person, then the data is as it was, byte for byte', async () => {
  await layout.write('projects-pvc', 'projects/0/1/README.md', 'changed');
  await layout.write('postgres-data-versioned-db-0', 'new/file', 'made since');
  await rm(join(layout.directoryOf('projects-pvc'), 'projects', '0', '2'), { recursive: true });
  lab.store.edit(CONFIG_MAP, 'cdsw-config', layout.namespace, (map) => {
    Object.assign(map, { data: { ...map.data, VERSION: '9.9.9' } });
  });
  const asked = await bench.sayJson(['restore', backup, '--confirm', 'team-ml']);
  expect(asked).toMatchObject({ exitCode: 0, answer: { request: { status: 'pending' } } });
  expect(differences(await trees())).not.toEqual([]);
  const { id } = asked.answer.request;
  expect((await bench.sayJson(['approve', id])).exitCode).toBe(3); // the one who asked does not count
  const { words, environment } = asBob;
  expect((await bench.say(['approve', id, ...words], { environment })).exitCode).toBe(0);
  restore = (await bench.sayJson(['status', id])).answer.request.operationId;
  const followed = await bench.say(['status', restore, '--follow']);
  expect({ ...followed, stderr: '' }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('succeeded') });
  await layout.allUp();
  expect(differences(await trees())).toEqual([]);
  expect(lab.store.get(CONFIG_MAP, 'cdsw-config', layout.namespace)?.data?.VERSION).not.toBe('9.9.9');
});

test('start brings services back from what stands in the cluster alone, when server and journal are lost', async () => {
  const hang = lab.faults.add({ verb: 'create', kind: 'VolumeSnapshot' }, { kind: 'silent' }, 100);
  expect((await bench.say(['backup', 'team-ml', '--now', '--detach'])).exitCode).toBe(0);
  await until('the cut has begun', () => hang.hits() > 0);
  for (const pid of bench.serverPids()) sendSignal(pid, 'SIGKILL');
  await until('no server is left', () => bench.serverPids().length === 0);
  await rm(bench.at('cml-data', 'operations'), { recursive: true });
  hang.end();
  expect(layout.services.filter((service) => layout.isUp(service))).toEqual([]);
  expect((await bench.say(['status'])).stdout).toContain('bring them back with: cml start team-ml');
  const { exitCode, stdout } = await bench.say(['start', 'team-ml']);
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('up') });
  await layout.allUp();
  expect(differences(await trees())).toEqual([]);
});

test('catalog check tells what operations left in the cluster, and removes it when told to', async () => {
  const left = () => traces().filter((one) => !/ (displaced|record) /.test(one));
  const unknown = left();
  expect(unknown.length).toBeGreaterThan(1);
  const check = () => bench.say(['catalog', 'check', 'team-ml']);
  // An operation that is not on record here may be running somewhere else.
  expect(await check()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('less than a day old') });

  const labels = { [LABELS.managedBy]: OURS, [LABELS.workspace]: 'team-ml', [LABELS.role]: 'secret' };
  const operation = { [LABELS.operation]: backup.replace('bkp_', 'op_') };
  const metadata = { name: 'cml-run-left', namespace: layout.namespace, labels: { ...labels, ...operation } };
  lab.store.create(SECRET, { metadata } as never);
  const found = await check();
  expect(found).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('Secret cml-run-left') });
  expect(found.stdout).toContain('cml catalog check team-ml --remove');
  expect((await bench.say(['catalog', 'check', 'team-ml', '--remove', '--confirm', 'team-ml'])).exitCode).toBe(0);
  expect(left()).toEqual(unknown);
  expect(traces().filter((one) => / displaced /.test(one))).not.toEqual([]);
  expect((await check()).exitCode).toBe(0);
});
