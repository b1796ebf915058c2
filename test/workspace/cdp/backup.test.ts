import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DataMover } from '../../../src/mover/mover.ts';
import { createResticMover } from '../../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../../src/mover/restic/settings.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createFakeChatStore } from '../../fakes/chat.ts';
import { candidates } from '../../mover/restic-world.ts';
import { compare, walk } from '../../walker.ts';
import { until } from '../local/bench.ts';
import { makeCdpBench, WORKSPACE } from './bench.ts';
import { createCdpLife, type LifeWish } from './life.ts';
import { makeTrees } from './trees.ts';

type Wish = Parameters<typeof makeCdpBench>[0];

async function makeWorld(wish: Wish = {}, life: LifeWish = {}, makeMover = treesIn) {
  const bench = await makeCdpBench(wish);
  onTestFinished(() => bench.dispose());
  const at = (...names: string[]) => join(bench.root, ...names);
  const moverOf = await makeMover(at);
  const mover = moverOf(bench.platform);
  await mover.init({ folder: at('work', 'init'), key: 'init' });
  for (const folder of ['datasets', 'models']) await writeFile(join(bench.pathOf(folder), 'file'), `in ${folder}`);
  const chat = createFakeChatStore();
  const live = (more: LifeWish = {}) => createCdpLife(bench, chat, moverOf, { ...life, ...more });
  return { ...bench, at, mover, chat, live };
}

type At = (...names: string[]) => string;

const treesIn = async (at: At) => makeTrees(at()).moverOf;

async function resticIn(at: At) {
  await writeFile(at('password'), 'correct horse\n', { mode: 0o600 });
  const repository = { kind: 'restic', location: at('repository'), passwordFile: at('password'), lockWait: '1s' };
  return ({ run, prepare }: WorkspacePlatform): DataMover =>
    createResticMover({
      ...{ settings: resticSettings.parse(repository), workspace: WORKSPACE, run, prepare, candidates },
      cacheFolder: at('cache'),
    });
}

/** Services stay down until the last look at the database, however slow this machine is. */
function holdUntilProven({ live, double }: Pick<Awaited<ReturnType<typeof makeWorld>>, 'live' | 'double'>) {
  const { release } = double.workflows.hold('backup', 'files');
  return live({ onProven: release });
}

const newest = async (life: Awaited<ReturnType<typeof createCdpLife>>) => (await life.orchestrator.listBackups({}))[0];

describe('a backup by the control plane', { timeout: 60_000 }, () => {
  it('holds the control plane’s own backup and the external files of the same moment, byte for byte', async () => {
    const { live, double, mover, at, pathOf, chat } = await makeWorld({}, {}, resticIn);
    const life = await holdUntilProven({ live, double });
    const before = await walk(pathOf('datasets'));
    const operation = await life.backUp();
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect(double.state()).toMatchObject({ status: 'installation:finished', areServicesUp: true });
    const backup = await newest(life);
    const [kept] = double.state().backups;
    expect(backup).toMatchObject({ status: 'completed', parts: expect.any(Array) });
    expect(backup?.parts).toMatchObject([
      { name: 'workspace', kind: 'vendor', capture: 'vendor', proof: 'vendor-reported', consistent: true },
      { name: 'datasets', location: 'external', capture: 'two-pass', consistent: true, files: 1 },
      { name: 'models', location: 'external', capture: 'two-pass', consistent: true, files: 1 },
    ]);
    expect(backup?.parts[0]).toMatchObject({ kept: { crn: kept?.crn, name: `cml-${operation.id.replace('_', '-')}` } });
    expect(backup?.parts[0]).not.toHaveProperty('copyId');
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(1);
    expect(double.calls.of('backupWorkspace')[0]?.request).toMatchObject({ backupJobTimeoutMinutes: 15 });
    const datasets = backup?.parts.find(({ name }) => name === 'datasets');
    await mover.restore(datasets?.copyId ?? '', datasets?.pathInCopy ?? '', at('back'), {
      folder: at('work'),
      key: 'back',
    });
    expect(compare(before, await walk(at('back')))).toEqual([]);
    expect(chat.said.at(-1)?.message.text).toContain('Vendor-reported');
  });

  it('copies what changed in external files until the database was gone', async () => {
    const { live, double, pathOf, mover, at } = await makeWorld({}, {}, resticIn);
    const life = await holdUntilProven({ live, double });
    const stopping = double.workflows.hold('backup', 'stopping');
    const changed = stopping.reached.then(async () => {
      await appendFile(join(pathOf('models'), 'file'), ', to the last');
      stopping.release();
    });
    expect(await life.backUp()).toMatchObject({ status: 'succeeded' });
    await changed;
    const models = (await newest(life))?.parts.find(({ name }) => name === 'models');
    expect(models).toMatchObject({ consistent: true });
    await mover.restore(models?.copyId ?? '', models?.pathInCopy ?? '', at('back'), {
      folder: at('work'),
      key: 'back',
    });
    expect(await readFile(at('back', 'file'), 'utf8')).toBe('in models, to the last');
  });

  it('calls external files approximate, and says why, when nothing tells that the database is gone', async () => {
    const { live, chat } = await makeWorld({ hasProbe: false });
    const life = await live();
    expect(await life.backUp()).toMatchObject({ status: 'succeeded' });
    const backup = await newest(life);
    expect(backup?.parts.slice(1)).toMatchObject([
      { consistent: false, approximate: expect.stringContaining('no databaseProbe') },
      { consistent: false, approximate: expect.stringContaining('no databaseProbe') },
    ]);
    expect(backup?.warnings.join('\n')).toContain('datasets is only approximately of the same moment');
    expect(chat.said.at(-1)?.message).toMatchObject({ tone: 'warning', text: expect.stringContaining('APPROXIMATE') });
  });

  it('calls off the control plane’s backup when someone cancels, and has services up at the end', async () => {
    const { live, double, chat } = await makeWorld({ double: { minuteMs: 3_000 } });
    const life = await live();
    const running = life.backUp();
    await until('services are down', () => !double.state().areServicesUp);
    const [now] = life.orchestrator.running();
    await now?.cancel({ name: 'bob', proof: 'token' }, 'not today');
    expect(await running).toMatchObject({ status: 'cancelled' });
    expect(double.calls.accepted('requestWorkflowCancellation')).not.toHaveLength(0);
    expect(double.state()).toMatchObject({ status: 'installation:finished', areServicesUp: true });
    expect(chat.said.filter(({ how }) => how === 'paged')).toEqual([]);
    expect(await newest(life)).toBeUndefined();
  });

  it('gives up a workflow that hangs when its budget is used up, and has services up at the end', async () => {
    const { live, double } = await makeWorld({}, { policy: { downtimeBudget: '2s' } });
    double.workflows.next('backup', { kind: 'hang', endedBy: ['cancel'] });
    const life = await live();
    const operation = await life.backUp();
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'over-budget' } });
    expect(double.state()).toMatchObject({ areServicesUp: true });
  });

  it('calls people when the control plane fails and leaves services down', async () => {
    const { live, double, chat, platform } = await makeWorld();
    double.workflows.next('backup', { kind: 'fail', leaves: 'down', why: 'no space left for snapshots' });
    const life = await live();
    const operation = await life.backUp();
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'services-still-down' } });
    expect(double.state().areServicesUp).toBe(false);
    expect(chat.said.some(({ how }) => how === 'paged')).toBe(true);
    expect(await newest(life)).toBeUndefined();
    expect(await platform.readNote()).toMatchObject({ operationId: operation.id });
    await double.repairByHand();
    await life.orchestrator.startServices({ name: 'bob', proof: 'token' }, WORKSPACE);
    expect(await platform.readNote()).toBeUndefined();
  });

  it('shows people what the control plane says while it works, down to the last line of its log', async () => {
    const { live, double, chat } = await makeWorld();
    const snapshots = double.workflows.hold('backup', 'snapshots');
    const life = await live();
    const running = life.backUp();
    const note = () => [...chat.views.values()][0]?.progress?.note ?? '';
    await until('people see it', () =>
      /the control plane says: backup:started, Creating volume snapshots/.test(note()),
    );
    snapshots.release();
    expect(await running).toMatchObject({ status: 'succeeded' });
  });

  it('leaves a backup running when the server is told to end, and the next one follows it', async () => {
    const { live, double } = await makeWorld({ double: { minuteMs: 2_000 } });
    const life = await live();
    void life.backUp();
    await until('services are down', () => !double.state().areServicesUp);
    await life.orchestrator.wrapUp();
    life.end();
    const next = await live();
    expect(await next.recover()).toMatchObject([{ status: 'succeeded' }]);
    expect(double.calls.accepted('requestWorkflowCancellation')).toEqual([]);
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(1);
    expect(await newest(next)).toMatchObject({ status: 'completed' });
  });

  it('refuses to begin while the control plane does not call the workspace ready', async () => {
    const { live, double } = await makeWorld();
    double.workspace().status = 'modify:started';
    const life = await live();
    expect(await life.backUp()).toMatchObject({
      status: 'failed',
      error: { code: 'preflight-failed', message: expect.stringContaining('"modify:started"') },
    });
    expect(double.calls.of('backupWorkspace')).toEqual([]);
  });

  it('finds a backup whose answer was lost, and does not ask again', async () => {
    const { live, double } = await makeWorld();
    double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
    const life = await live();
    expect(await life.backUp()).toMatchObject({ status: 'succeeded' });
    expect(double.calls.of('backupWorkspace')).toHaveLength(1);
  });

  it('does not ask again either when the question itself was lost', async () => {
    const { live, double } = await makeWorld();
    double.faults.next('backupWorkspace', { kind: 'drop', when: 'before' });
    const life = await live();
    const operation = await life.backUp();
    expect(operation).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('lists none') } });
    expect(double.calls.of('backupWorkspace')).toHaveLength(1);
    expect(await life.backUp()).toMatchObject({ status: 'succeeded' });
  });
});
