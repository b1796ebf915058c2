import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { BackupPlan } from '../../../src/records/plan.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import { ATTACHMENT, JOB, POD } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { until } from '../../mover/restic-world.ts';
import { silent } from '../local/bench.ts';

const OPERATION = 'op_0000000001';
const SETTING = { apiVersion: 'longhorn.io/v1beta2', kind: 'Setting', plural: 'settings', namespaced: true };

let lab: KubeLab;
let layout: Layout;
let platform: WorkspacePlatform;
let root: string;

afterEach(async () => {
  await lab.dispose();
  await rm(root, { recursive: true, force: true });
});

async function begin(beforeVersion15: boolean): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'cml-held-'));
  lab = await createKubeLab();
  layout = await makeEcsLonghorn(lab, { small: true, beforeVersion15 });
  const given = { kind: 'kubernetes', stopWithin: '20s', startWithin: '20s', snapshotWithin: '4s' };
  platform = createKubernetesPlatform({
    ...{ workspace: WORKSPACE, settings: kubernetesSettings.parse(given), policy: workspacePolicy.parse({}) },
    ...{ image: 'cml-backup:1', folder: join(root, 'work'), runHere: createLocalRunProgram(), clock: systemClock },
    ...{ log: silent, guardProgram: ['true'], cluster: lab.cluster() },
  });
}

async function plan(): Promise<BackupPlan> {
  const { parts } = await platform.inspect();
  return { parts } as unknown as BackupPlan;
}

const holders = () =>
  lab.store.list(POD, WORKSPACE).filter(({ metadata }) => metadata.labels?.[LABELS.role] === 'holder');
const ofOurs = () =>
  [JOB, POD].flatMap((kind) =>
    lab.store.list(kind, WORKSPACE).filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] === OURS),
  );
const saysVersion = (value: string | undefined) =>
  lab.store.edit(SETTING, 'current-longhorn-version', 'longhorn-system', (setting) => {
    Object.assign(setting, { value });
  });

it('keeps volumes in use by pods of ours where Longhorn is older than 1.5, until services start', async () => {
  await begin(true);
  const parts = await plan();
  expect((await platform.inspect()).warnings.join()).toContain("Pods of ours keep Longhorn's volumes in use");
  await platform.prepareCut(OPERATION, parts);
  expect(holders().map(({ status }) => status?.phase)).toEqual(parts.parts.map(() => 'Running'));
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  expect(lab.store.list(ATTACHMENT)).toHaveLength(parts.parts.length);
  await platform.proveQuiet(quiet, parts.parts);
  const taken = await platform.snapshot(OPERATION, parts, quiet);
  expect(taken.map(({ part }) => part).sort()).toEqual(parts.parts.map(({ name }) => name).sort());
  await platform.proveQuiet(quiet, parts.parts);
  await platform.start(note);
  await layout.allUp();
  await until(() => ofOurs().length === 0);
  await platform.release(OPERATION);
}, 60_000);

it('has them written out before a snapshot is asked for, and gives the cut up when one cannot be', async () => {
  await begin(true);
  const parts = await plan();
  await platform.prepareCut(OPERATION, parts);
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  const [first] = holders();
  lab.store.remove(POD, first?.metadata.name ?? '', WORKSPACE, { graceSeconds: 0 });
  await expect(platform.snapshot(OPERATION, parts, quiet)).rejects.toMatchObject({
    code: 'part-missing',
    message: expect.stringContaining('was not written out: its pod is gone'),
  });
  await platform.start(note);
  await layout.allUp();
  await platform.release(OPERATION);
  expect(ofOurs()).toEqual([]);
}, 60_000);

it('takes no snapshot there without them', async () => {
  await begin(true);
  const parts = await plan();
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  await expect(platform.snapshot(OPERATION, parts, quiet)).rejects.toMatchObject({
    message: expect.stringContaining('invalid state for taking snapshot: detached'),
  });
}, 60_000);

it('holds nothing where Longhorn attaches volumes itself, and what hides its version is taken for old', async () => {
  await begin(false);
  const parts = await plan();
  const isHeld = async () =>
    (await platform.inspect()).warnings.some((one) => one.includes("Longhorn's volumes in use"));
  await platform.prepareCut(OPERATION, parts);
  expect(holders()).toEqual([]);
  const said: Record<string, boolean> = {};
  for (const version of ['v1.8.2', 'v1.5.0', 'v2.0.0', 'v1.4.3', 'v1.3.2', 'master-head']) {
    saysVersion(version);
    said[version] = await isHeld();
  }
  const old = { 'v1.4.3': true, 'v1.3.2': true, 'master-head': true };
  expect(said).toEqual({ 'v1.8.2': false, 'v1.5.0': false, 'v2.0.0': false, ...old });
  lab.access.deny({ verb: 'get', resource: 'settings' });
  expect(await isHeld()).toBe(true);
}, 60_000);
