import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Program } from '../../../src/program.ts';
import { endPrograms, letGoOfVolumes } from '../../../src/workspace/kubernetes/end-programs.ts';
import { gatedForMs } from '../../../src/workspace/kubernetes/gate.ts';
import { JOB, NODE, POD, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { createJobPreparer } from '../../../src/workspace/kubernetes/prepare-job.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { until } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene, near, OPERATION } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

let scene: JobScene;
let place: { readonly path: string; readonly directory: string };
let program: Program;
/** Uids of all Jobs that were ever made. */
let made: string[];

beforeEach(async () => {
  scene = await createJobScene();
  place = await scene.place('scratch', 'notes');
  const script = `echo begun >>${place.path}/begun; echo line; exit 3`;
  program = { key: 'delta', command: 'sh', args: ['-c', script], ...near(place.path) };
  made = [];
  scene.double.store.listen(({ type, kind, object }) => {
    if (type === 'ADDED' && kind.kind === 'Job') made.push(object.metadata.uid);
  });
});
afterEach(() => scene.dispose());

const jobs = () => scene.double.store.list(JOB, NAMESPACE);
const pods = () => scene.double.store.list(POD, NAMESPACE);
const begun = () =>
  existsSync(join(place.directory, 'begun'))
    ? readFileSync(join(place.directory, 'begun'), 'utf8').split('\n').length - 1
    : 0;
const prepare = (life = scene.context) => createJobPreparer(life)(program, { folder: scene.folder });
async function run(life = scene.context) {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const { exitCode } = await createJobRunner(life)(program, { folder: scene.folder, onLine });
  return { exitCode, lines };
}
const RAN = { exitCode: 3, lines: ['line'] };

it('has the pod of a program running before its time, and the program begins when it is asked for', async () => {
  await prepare();
  expect(pods().map(({ status }) => status?.phase)).toEqual(['Running']);
  // Longer than a pod takes from one look at its gate to the next.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(begun()).toBe(0);
  expect(await run()).toEqual(RAN);
  expect({ begun: begun(), made: made.length }).toEqual({ begun: 1, made: 1 });
  await until(() => jobs().length === 0 && pods().length === 0);
});

it('makes anew what waited already', async () => {
  await prepare();
  await prepare();
  expect(jobs().map(({ metadata }) => metadata.uid)).toEqual(made.slice(-1));
  expect(made).toHaveLength(2);
  expect(await run()).toEqual(RAN);
});

it('is let begin by another life of ours', async () => {
  const first = scene.life();
  await prepare(first.context);
  first.die();
  expect(await run()).toEqual(RAN);
  expect(made).toHaveLength(1);
});

it('runs the program anew when nobody waits for it any more', async () => {
  await prepare();
  scene.double.store.remove(POD, pods()[0]?.metadata.name ?? '', NAMESPACE, { graceSeconds: 0 });
  expect(await run()).toEqual(RAN);
  expect(begun()).toBe(1);
});

// On a busy machine a pod may be told to end before its shell listens: then it has its whole grace period, 60 s.
it('runs the program anew when another one waits under its key', { timeout: 120_000 }, async () => {
  await prepare();
  program = { ...program, args: ['-c', 'echo other'] };
  expect(await run()).toEqual({ exitCode: 0, lines: ['other'] });
  expect(begun()).toBe(0);
});

it('leaves nothing of one that nobody ever asks for', async () => {
  await prepare();
  await endPrograms(scene.context, OPERATION);
  const own = scene.double.store
    .list(SECRET, NAMESPACE)
    .filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] === OURS);
  expect([...jobs(), ...pods(), ...own]).toEqual([]);
  expect(begun()).toBe(0);
});

it('lets go of its volumes at once when services are to start', async () => {
  await prepare();
  await letGoOfVolumes(scene.context, OPERATION);
  await until(() => jobs().length === 0 && pods().length === 0);
  expect(begun()).toBe(0);
});

it('is ended by the cluster when we never return, soon after the guard acts', async () => {
  await prepare();
  const { downtimeBudget, guardMargin } = scene.context.policy;
  const seconds = jobs()[0]?.spec.activeDeadlineSeconds;
  expect(seconds * 1_000).toBe(gatedForMs(scene.context));
  expect(seconds * 1_000 - downtimeBudget - guardMargin).toBeLessThanOrEqual(600_000);
  const waiting = { ...scene.context, settings: { ...scene.context.settings, workloads: 'wait' as const } };
  expect(gatedForMs(waiting) - gatedForMs(scene.context)).toBe(waiting.settings.waitForWorkloads);
});

it('fails, and leaves nothing, when no pod of it can run: before anyone was disturbed', async () => {
  for (const node of ['node-1', 'node-2']) scene.double.store.remove(NODE, node);
  const preparing = createJobPreparer(scene.context, { beginsWithinMs: 300 })(program, { folder: scene.folder });
  await expect(preparing).rejects.toMatchObject({
    code: 'platform-unavailable',
    message: expect.stringContaining('The program delta did not begin in time'),
  });
  expect(jobs()).toEqual([]);
});

it('says on the pod whether its gate is open', async () => {
  await prepare();
  expect(pods()[0]?.metadata.annotations?.[NOTES.gate]).toBe('closed');
  const seen: (string | undefined)[] = [];
  scene.double.store.listen(({ kind, object }) => {
    if (kind.kind === 'Pod') seen.push(object.metadata.annotations?.[NOTES.gate]);
  });
  await run();
  expect(seen).toContain('open');
});

it('runs here, and at once, what needs nothing of the workspace', async () => {
  program = { key: 'probe', command: 'true', args: [] };
  await prepare();
  expect(made).toEqual([]);
});
