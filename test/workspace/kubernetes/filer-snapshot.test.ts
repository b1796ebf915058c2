import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { BackupPlan } from '../../../src/records/plan.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import { SNAPSHOT, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { EXPORT, filerFolder, makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { silent } from '../local/bench.ts';

const OPERATION = 'op_0000000001';
const SHOWN = '.snapshot-cml';

let lab: KubeLab;
let layout: Layout;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cml-filer-'));
  lab = await createKubeLab();
  layout = await makeExternalNfs(lab, { small: true });
});

afterEach(async () => {
  await lab.dispose();
  await rm(root, { recursive: true, force: true });
});

const snapshotFolder = () => join(filerFolder(lab), SHOWN);
/** A filer that copies: what it is told, and by whom, stands in a file. */
const told = () => readFile(join(root, 'told'), 'utf8').then((text) => text.trim().split('\n'));
const shell = (script: string) => ['sh', '-c', `echo "$1 $CML_PART $CML_OPERATION" >>${root}/told; ${script}`, 'sh'];
const commands = (make = `cp -a ${layout.directoryOf('projects-pvc')} ${snapshotFolder()}`) => ({
  make: [...shell(make), 'make'],
  drop: [...shell(`rm -rf ${snapshotFolder()}`), 'drop'],
  path: `${EXPORT}/${SHOWN}`,
});

function live(parts: object): WorkspacePlatform {
  const given = { kind: 'kubernetes', stopWithin: '20s', startWithin: '20s', snapshotWithin: '2s', parts };
  return createKubernetesPlatform({
    ...{ workspace: WORKSPACE, settings: kubernetesSettings.parse(given), policy: workspacePolicy.parse({}) },
    ...{ image: 'cml-backup:1', folder: join(root, 'work'), runHere: createLocalRunProgram(), clock: systemClock },
    ...{ log: silent, guardProgram: ['true'], cluster: lab.cluster() },
  });
}

async function cut(platform: WorkspacePlatform) {
  const { parts } = await platform.inspect();
  const plan = { parts } as unknown as BackupPlan;
  const note = await platform.noteRunning(OPERATION);
  const quiet = await platform.stop(note);
  const taken = await platform.snapshot(OPERATION, plan, quiet).catch((error: unknown) => error);
  await platform.start(note);
  await layout.allUp();
  return { parts, quiet, taken };
}

const ofOurs = () => lab.store.list(VOLUME).filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] === OURS);

it("captures a filer's folder by the filer's own snapshot, read where the filer shows it, and dropped at the end", async () => {
  const platform = live({ 'projects-pvc': { snapshot: commands() } });
  await layout.write('projects-pvc', 'notes', 'before');
  const { parts, quiet, taken } = await cut(platform);
  const projects = parts.find(({ name }) => name === 'projects-pvc');
  expect(projects).toMatchObject({ location: 'external', capture: 'snapshot' });
  expect(projects?.reason).toContain('its filer makes snapshots');
  const one = (taken as { part: string; path: string; takenAt: string }[]).find(({ part }) => part === 'projects-pvc');
  expect(one?.path).toBe('/mnt/cml/snapshot/projects-pvc');
  expect((one?.takenAt ?? '') >= quiet.stoppedAt).toBe(true);
  expect(taken).toHaveLength(parts.length);
  await layout.write('projects-pvc', 'notes', 'after');
  const lines: string[] = [];
  const path = one?.path ?? '';
  const program = {
    ...{ key: 'later', command: 'cat', args: [`${path}/notes`] },
    needs: { places: [{ path, access: 'read' as const }] },
  };
  const folder = join(root, 'work', OPERATION);
  expect((await platform.run(program, { folder, onLine: (line) => lines.push(line) })).exitCode).toBe(0);
  expect(lines).toEqual(['before']);
  expect(ofOurs().map(({ spec }) => [spec.nfs?.path, spec.nfs?.readOnly, spec.mountOptions])).toEqual([
    [`${EXPORT}/${SHOWN}`, true, ['ro', 'nosharecache', 'nfsvers=4.1']],
  ]);
  await platform.release(OPERATION);
  expect(existsSync(snapshotFolder())).toBe(false);
  expect([...ofOurs(), ...lab.store.list(SNAPSHOT, WORKSPACE)]).toEqual([]);
  expect(await told()).toEqual([`make projects-pvc ${OPERATION}`, `drop projects-pvc ${OPERATION}`]);
}, 60_000);

it('says what the filer said, removes the other snapshots and starts services, when the filer makes none', async () => {
  const platform = live({ 'projects-pvc': { snapshot: commands('echo no space left >&2; exit 3') } });
  const { taken } = await cut(platform);
  expect(taken).toMatchObject({ code: 'platform-unavailable', message: expect.stringContaining('no space left') });
  await platform.release(OPERATION);
  expect(lab.store.list(SNAPSHOT, WORKSPACE)).toEqual([]);
  expect((await told()).at(-1)).toBe(`drop projects-pvc ${OPERATION}`);
}, 60_000);

it('gives a filer up that does not answer in time', async () => {
  const { taken } = await cut(live({ 'projects-pvc': { snapshot: commands('sleep 60') } }));
  expect(taken).toMatchObject({ message: expect.stringContaining('it took longer than 2s') });
}, 60_000);

it('drops what a life made that is dead, by the command that stood in its configuration', async () => {
  await cut(live({ 'projects-pvc': { snapshot: commands() } }));
  expect(existsSync(snapshotFolder())).toBe(true);
  await live({}).release(OPERATION);
  expect(existsSync(snapshotFolder())).toBe(false);
}, 60_000);

it('is refused for what no filer holds, and any other capture may still be asked for', async () => {
  await writeFile(join(root, 'told'), '');
  const volume = layout.parts.find(({ kind }) => kind === 'volume')?.name ?? '';
  const wish = { snapshot: commands() };
  const { parts } = await live({ [volume]: wish, 'projects-pvc': { ...wish, capture: 'two-pass' } }).inspect();
  const of = (part: string) => parts.find(({ name }) => name === part);
  expect(of(volume)).toMatchObject({ capture: 'snapshot', reason: expect.stringContaining('shares of a file server') });
  expect(of(volume)?.possible).not.toContain('snapshot');
  expect(of('projects-pvc')).toMatchObject({ capture: 'two-pass', possible: expect.arrayContaining(['snapshot']) });
});
