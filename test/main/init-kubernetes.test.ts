import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { init } from '../../src/main-init.ts';
import type { InitWish } from '../../src/main-init-places.ts';
import { restic } from '../e2e/bench.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import type { Layout } from '../fakes/kube-api/layouts/layout.ts';
import { type RestRepository, serveRepository } from '../fakes/rest-repository.ts';

let lab: KubeLab;
let layout: Layout;
let repository: RestRepository;
let served: string;
let cwd: string;

beforeAll(async () => {
  lab = await createKubeLab();
  layout = await makeEcsLonghorn(lab);
  served = await mkdtemp(join(tmpdir(), 'cml-init-repository-'));
  repository = await serveRepository(served);
});
afterAll(async () => {
  await repository.close();
  await lab.dispose();
  await rm(served, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'cml-init-cluster-')));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
});

const wish = (changes: Partial<InitWish> = {}): InitWish => ({
  ...{ folder: layout.namespace, workspace: 'ml-prod', platform: 'kubernetes', kubeconfig: lab.kubeconfig },
  ...{ repository: repository.location, approver: 'bob', ...changes },
});
const say = (changes?: Partial<InitWish>) =>
  init({ cwd, environment: { CML_RESTIC: restic, CML_IMAGE: 'cml-backup:1' } }, wish(changes));

test('init writes down what stands in the namespace, and the configuration is in order', async () => {
  const answer = await say();
  expect(answer).toMatchObject({
    text: './cml.yaml protects workspace1 as the workspace "ml-prod"; its repository is ready.',
    json: { workspace: 'ml-prod', repository: repository.location },
  });
  const text = await readFile(join(cwd, 'cml.yaml'), 'utf8');
  for (const service of layout.services) expect(text).toContain(service);
  for (const { name } of layout.parts) expect(text).toContain(`#   ${name}: internal`);
  expect(text.split('\n').filter((line) => line.length > 160)).toEqual([]);
  const { workspaces } = await readConfig({ cwd, environment: {} });
  expect(workspaces['ml-prod']?.platform).toMatchObject({
    ...{ kind: 'kubernetes', kubeconfig: lab.kubeconfig, namespace: 'workspace1' },
    movers: { image: 'cml-backup:1', serviceAccount: 'cml-movers' },
  });
});

test.each<[string, () => Partial<InitWish>, RegExp, RegExp]>([
  ['no kubeconfig', () => ({ kubeconfig: './none' }), /none is not there\.$/, /--kubeconfig/],
  ['no such context', () => ({ context: 'other' }), /has no usable context other\.$/, /it knows double/],
  ['no such namespace', () => ({ folder: 'nowhere' }), /There is no namespace nowhere on this cluster/, /namespace/],
  ['an empty namespace', () => ({ folder: 'default' }), /Nothing stands in the namespace default/, /No Deployment/],
  ['a repository that pods cannot reach', () => ({ repository: './here' }), /Pods .* cannot reach/, /s3:/],
])('init says that there is %s, and writes nothing', async (_what, changes, message, hint) => {
  const said = { message: expect.stringMatching(message), hint: expect.stringMatching(hint) };
  await expect(say(changes())).rejects.toMatchObject(said);
  expect(await readdir(cwd)).toEqual([]);
});

test('init says what it may not look at, in the words of the cluster', async () => {
  onTestFinished(lab.access.deny({ verb: 'list', resource: 'deployments' }));
  await expect(say()).rejects.toMatchObject({
    message: expect.stringContaining('deployments.apps is forbidden: User "system:serviceaccount:'),
    hint: expect.stringContaining('docs/kubernetes.md'),
  });
  expect(await readdir(cwd)).toEqual([]);
});
