import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { createCluster } from '../../src/workspace/kubernetes/cluster-client.ts';
import { orderSecret } from '../../src/workspace/kubernetes/guard-order.ts';
import { putBackOf } from '../../src/workspace/kubernetes/guard-swaps.ts';
import { CLAIM, JOB, type Kind, SECRET } from '../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, placePath } from '../../src/workspace/kubernetes/names.ts';
import { createKubernetesPlatform } from '../../src/workspace/kubernetes/platform.ts';
import { runGuard } from '../../src/workspace/kubernetes/run-guard.ts';
import { kubernetesSettings } from '../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../src/workspace/local/run-program.ts';
import type { RunningNote, WorkspacePlatform } from '../../src/workspace/platform.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import { eventually, type Layout, WORKSPACE } from '../fakes/kube-api/layouts/layout.ts';
import { silent } from '../workspace/local/bench.ts';
import { deployedFrom, grantedTo } from './deployed.ts';

const OPERATION = 'op_0000000001';
const SERVER = 'cml-backup/cml-backup';
const GUARD = `${WORKSPACE}/cml-movers`;
const SERVICE_ACCOUNT: Kind = {
  ...{ apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
};
const RESTORER = 'cml-backup/cml-restore';
const settings = kubernetesSettings.parse({
  ...{ kind: 'kubernetes', stopWithin: 20_000, startWithin: 20_000, restoreAccount: RESTORER },
});
const policy = workspacePolicy.parse({});

let lab: KubeLab;
let layout: Layout;
let platform: WorkspacePlatform;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cml-roles-'));
  lab = await createKubeLab();
  layout = await makeEcsLonghorn(lab, { small: true });
  lab.world.behaviours.delete(`${WORKSPACE}/db`);
  platform = createKubernetesPlatform({
    ...{ workspace: WORKSPACE, settings, policy, image: 'cml-backup:1', folder: join(root, 'work') },
    ...{ runHere: createLocalRunProgram(), clock: systemClock, log: silent, guardProgram: ['true'] },
    cluster: lab.cluster(),
    restoreCluster: createCluster({ kubeconfig: lab.kubeconfig, account: RESTORER }),
  });
  const [namespace, name] = RESTORER.split('/');
  lab.store.create(SERVICE_ACCOUNT, { metadata: { name, namespace } } as never);
});

afterEach(async () => {
  await lab.dispose();
  await rm(root, { recursive: true, force: true });
});

/**
 * From now on everybody is this account, with the roles of these folders and nothing else; who comes with a token of the one
 * that restores is that one.
 */
function become(account: string, ...folders: string[]): void {
  const deployed = deployedFrom(['base', 'workspace', ...folders], WORKSPACE);
  lab.access.allowOnly(grantedTo(account, deployed));
  lab.access.allowOtherOnly(`system:serviceaccount:${RESTORER.replace('/', ':')}`, grantedTo(RESTORER, deployed));
}

/** What runs in the guard's pod once its time has come. */
async function guardActs(note: RunningNote, ...folders: string[]): Promise<void> {
  const order = {
    ...{ workspace: WORKSPACE, namespace: WORKSPACE, operationId: OPERATION, nonce: 'n', settings, policy },
    ...{ image: 'cml-backup:1', note, actsAt: new Date().toISOString(), spanMs: 0 },
  };
  lab.access.allowAll();
  await lab.cluster().create(SECRET, orderSecret(order));
  become(GUARD, ...folders);
  const world = { cluster: lab.cluster(), clock: systemClock, log: silent, putBack: putBackOf() };
  await runGuard({ namespace: WORKSPACE, operationId: OPERATION }, world);
}

const LONGHORN_SETTING = {
  ...{ apiVersion: 'longhorn.io/v1beta2', kind: 'Setting', plural: 'settings', namespaced: true },
};
const reads = (path: string) => ({ needs: { places: [{ path, access: 'read' as const }] } });

it('the roles are enough for all that a backup does in the cluster', async () => {
  lab.store.edit(LONGHORN_SETTING, 'current-longhorn-version', 'longhorn-system', (setting) => {
    Object.assign(setting, { value: 'v1.3.2' });
  });
  become(SERVER);
  const parts = layout.parts.map(({ name }) => ({ name, capture: 'snapshot' }) as never);
  const { warnings } = await platform.inspect({ count: true });
  expect(warnings.filter((warning) => warning.startsWith('We may not'))).toEqual([
    expect.stringContaining('get nodes/proxy'),
    expect.stringContaining('what Argo CD would scale up again'),
    expect.stringContaining('the definition lacks them'),
  ]);
  await platform.captureDefinition(join(root, 'definition'));
  await platform.prepareCut(OPERATION, { parts } as never);
  const volume = layout.parts.find(({ kind }) => kind === 'volume')?.name ?? '';
  const livePath = placePath({ life: 'live', part: volume });
  const waits = { key: 'waits', command: 'true', args: [], ...reads(livePath) };
  const folder = join(root, 'work', OPERATION);
  await platform.prepare(waits, { folder });
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  expect((await platform.run(waits, { folder })).exitCode).toBe(0);
  const taken = await platform.snapshot(OPERATION, { parts } as never, quiet);
  await platform.proveQuiet(quiet, parts);
  await platform.start(note);
  expect(taken).toHaveLength(layout.parts.length);
  const path = placePath({ life: 'snapshot', part: layout.parts[0]?.name ?? '' });
  const program = { key: 'look', command: 'ls', args: [path], ...reads(path) };
  expect((await platform.run(program, { folder })).exitCode).toBe(0);
  await platform.release(OPERATION);
  await platform.dropDisplaced('2999-01-01T00:00:00.000Z');
  expect(lab.access.issued(RESTORER)).toBe(0);
});

it('those of a workspace are enough for its guard to start services', async () => {
  become(SERVER);
  const volume = layout.parts.find(({ kind }) => kind === 'volume')?.name ?? '';
  const waits = { key: 'waits', command: 'true', args: [], ...reads(placePath({ life: 'live', part: volume })) };
  await platform.prepare(waits, { folder: join(root, 'work', OPERATION) });
  const note = await platform.noteRunning(OPERATION);
  await platform.stop(note);
  await guardActs(note);
  await layout.allUp();
  expect(lab.store.list(JOB, WORKSPACE)).toEqual([]);
});

it('those of a restore are enough to swap, and for the guard to put back', async () => {
  become(SERVER, 'restore');
  await platform.inspect({ toRestore: 'approved' });
  const definition = await platform.captureDefinition(join(root, 'definition'));
  const before = layout.directoryOf(layout.parts[0]?.name ?? '');
  const staged = await platform.stage(
    OPERATION,
    layout.parts.map(({ name }) => ({ part: name })),
  );
  const isBound = (part: string) =>
    lab.store.get(CLAIM, claimNameOf('staged', OPERATION, part), WORKSPACE)?.status?.phase === 'Bound';
  await eventually(lab, 10_000, () => (layout.parts.every(({ name }) => isBound(name)) ? undefined : 'a staged claim'));
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  await platform.commit(OPERATION, staged, quiet);
  await platform.applyDefinition(definition.path);
  expect(layout.directoryOf(layout.parts[0]?.name ?? '')).not.toBe(before);
  await guardActs(note, 'restore');
  await layout.allUp();
  expect(layout.directoryOf(layout.parts[0]?.name ?? '')).toBe(before);
  await platform.release(OPERATION);
});

it('those of a restore are enough to swap single paths, and for the guard to put them back', async () => {
  become(SERVER, 'restore');
  const part = layout.parts.find(({ kind }) => kind === 'shared-folder')?.name ?? '';
  await layout.write(part, 'notes', 'old');
  const [place] = await platform.stage(OPERATION, [{ part, within: 'notes', is: 'file' }]);
  const staged = place?.path ?? '';
  await writeFile(join(layout.directoryOf(part), staged.slice(staged.indexOf('/.cml-op_')), 'notes'), 'new');
  const note = await platform.noteRunning(OPERATION);
  await platform.commit(OPERATION, place ? [place] : [], await platform.stop(note));
  expect(await layout.read(part, 'notes')).toBe('new');
  await guardActs(note, 'restore');
  await layout.allUp();
  expect(await layout.read(part, 'notes')).toBe('old');
  await platform.release(OPERATION);
});

it('a restore is not begun without them, and what is missing is named with the account that lacks it', async () => {
  become(SERVER);
  await expect(platform.inspect({ toRestore: 'approved' })).rejects.toMatchObject({
    code: 'preflight-failed',
    message: expect.stringMatching(/cml-backup\/cml-restore may not create, patch, delete persistentvolumeclaims/),
  });
  const [part] = layout.parts;
  await expect(platform.stage(OPERATION, [{ part: part?.name ?? '' }])).rejects.toMatchObject({
    message: expect.stringMatching(/cml-restore/),
  });
});
