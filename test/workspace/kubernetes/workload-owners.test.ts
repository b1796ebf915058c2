import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import { JOB, SECRET, STATEFUL_SET } from '../../../src/workspace/kubernetes/kinds.ts';
import { withOwners } from '../../../src/workspace/kubernetes/workload-owners.ts';
import { findWorkloads } from '../../../src/workspace/kubernetes/workloads.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { contextOf } from './scene.ts';

let lab: KubeLab;
let folder: string;

beforeEach(async () => {
  lab = await createKubeLab();
  await makeEcsLonghorn(lab, { small: true, users: 2 });
  folder = await mkdtemp(join(tmpdir(), 'cml-owners-'));
  lab.store.create(SECRET, {
    metadata: { name: 'db-login', namespace: WORKSPACE },
    data: { password: Buffer.from('open sesame').toString('base64') },
  } as never);
  const from = { secretKeyRef: { name: 'db-login', key: 'password' } };
  lab.store.edit(STATEFUL_SET, 'db', WORKSPACE, ({ spec }) => {
    spec.template.spec.containers[0].env = [{ name: 'POSTGRES_PASSWORD', valueFrom: from }];
  });
});
afterEach(async () => {
  await lab.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** A client of the database as its image has it, which says what the real one would. */
async function putClient(script: string): Promise<void> {
  await writeFile(join(folder, 'psql'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'psql'), 0o755);
  lab.world.imagePaths.push(folder);
  lab.world.podEnvironment.PATH = `${folder}:${process.env.PATH}`;
}

const contextWith = (owners: object | undefined) => {
  const context = contextOf(lab.cluster(), owners === undefined ? {} : { owners });
  return { ...context, workspace: WORKSPACE, namespace: WORKSPACE };
};
const owners = async (wish: object | undefined) => {
  const context = contextWith(wish);
  const found = await withOwners(context, await findWorkloads(context));
  return found.map(({ namespace, owner }) => [namespace, owner]).sort();
};
const [FIRST, SECOND] = [`${WORKSPACE}-user-1`, `${WORKSPACE}-user-2`];
const KNOWS = `[ "$PGPASSWORD" = 'open sesame' ] && [ "$*" != "\${*#*-h db -U sense -d sense*}" ] && echo '${FIRST}|ada'`;

it("asks the workspace's database for the users of namespaces where the configuration lets it, and leaves nothing", async () => {
  await putClient(KNOWS);
  expect(await owners({ from: 'database' })).toEqual([
    [FIRST, 'ada'],
    [SECOND, undefined],
  ]);
  await expect.poll(() => lab.store.list(JOB, WORKSPACE).length).toBe(0);
  const { warnings } = await inspectWorkspace(contextWith({ from: 'database' }), { count: true });
  expect(warnings.find((warning) => warning.startsWith("People's"))).toBe(
    "People's workloads run (2 sessions of ada): while they run, services are not stopped; of 1 the owner cannot be known from here.",
  );
});

it('asks nobody where the configuration does not say so, and tells how it could be known', async () => {
  await putClient(KNOWS);
  expect(await owners(undefined)).toEqual([
    [FIRST, undefined],
    [SECOND, undefined],
  ]);
  expect(lab.requests.filter(({ kind, verb }) => kind === 'Job' && verb === 'create')).toEqual([]);
  const { warnings } = await inspectWorkspace(contextWith(undefined));
  expect(warnings.join(' ')).toContain('of 2 the owner cannot be known from here (platform.owners lets the database');
});

it.each([
  ['the database does not let us in', { from: 'database' }, 'echo "FATAL: no" >&2; exit 2'],
  ['there is no such database', { from: 'database', service: 'other' }, KNOWS],
])('goes on without owners when %s', async (_what, wish, script) => {
  await putClient(script);
  expect((await owners(wish)).map(([, owner]) => owner)).toEqual([undefined, undefined]);
  await expect.poll(() => lab.store.list(JOB, WORKSPACE).length).toBe(0);
});
