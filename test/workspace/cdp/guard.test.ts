import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackupPlan } from '../../../src/records/plan.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import { assertGuardIsBuilt, isRunning, OPERATION, readIfThere, until } from '../local/bench.ts';
import { type CdpBench, makeCdpBench, WORKSPACE } from './bench.ts';

beforeAll(assertGuardIsBuilt);

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const soon = () => new Date().toISOString();

describe('the guard of a workspace of a control plane', { timeout: 60_000 }, () => {
  let bench: CdpBench;
  let note: RunningNote;
  beforeEach(async () => {
    bench = await makeCdpBench({ hasGuard: true });
    note = await bench.platform.noteRunning(OPERATION);
  });
  afterEach(() => bench.dispose());

  const state = (name: string) => join(bench.root, 'state', 'control-plane', name);
  const pages = async () => (await readIfThere(join(bench.root, 'pages'))) ?? '';
  const guardPid = async () => Number(JSON.parse((await readIfThere(state('guard-answer.json'))) ?? '{}').pid);
  const planned = async (): Promise<BackupPlan> => ({
    ...{ workspace: WORKSPACE, release: '1', services: [], leftOut: [], noticeMs: 0, parents: {}, warnings: [] },
    parts: [...(await bench.platform.inspect()).parts].filter(({ kind }) => kind === 'vendor'),
    forecast: { downtimeMs: 0, totalMs: 0, basis: 'none' },
    budgetMs: 900_000,
  });

  it('calls people when the operation never returned and the control plane leaves services down', async () => {
    bench.double.workspace().status = 'backup:failed';
    bench.double.workspace().failureMessage = 'no space left for snapshots';
    await bench.platform.armGuard(note, soon());
    await until('people were called', async () => (await pages()) !== '');
    expect(await pages()).toMatch(/ml-prod: core services are down.*"backup:failed": no space left for snapshots/);
    await bench.double.repairByHand();
    await until('people were told that it is over', async () => (await pages()).includes('has core services up again'));
    await until('the guard has ended', () => !existsSync(state('guard.json')));
    expect(await bench.platform.readNote()).toEqual(note);
  });

  it('has a backup called off that hangs and that nobody follows any more, and calls nobody', async () => {
    bench.double.workflows.next('backup', { kind: 'hang', endedBy: ['cancel'] });
    await bench.platform.armGuard(note, FAR_AWAY);
    const quiet = await bench.platform.stop(note);
    const followed = bench.platform.snapshot(OPERATION, await planned(), quiet).catch((error: Error) => error.message);
    await until('services are down', () => !bench.double.state().areServicesUp);
    await bench.platform.armGuard(note, soon());
    await until('services are up', () => bench.double.state().areServicesUp);
    expect(await followed).toMatch(/cancel/);
    expect(bench.double.calls.accepted('requestWorkflowCancellation')).toHaveLength(1);
    await until('the guard has ended', () => !existsSync(state('guard.json')));
    expect(await pages()).toBe('');
  });

  it('ends when it is disarmed, also while it waits for services', async () => {
    await bench.platform.armGuard(note, FAR_AWAY);
    const pid = await guardPid();
    expect(isRunning(pid)).toBe(true);
    bench.double.workspace().status = 'backup:started';
    await bench.platform.armGuard(note, soon());
    await until('it looks', () => bench.double.calls.of('describeWorkspace').length > 2);
    await bench.platform.disarmGuard(OPERATION);
    await until('the guard has ended', () => !isRunning(pid));
    expect(await pages()).toBe('');
  });

  it('writes no login anywhere', async () => {
    await bench.platform.armGuard(note, FAR_AWAY);
    const { privateKey } = bench.double.credentials;
    for (const name of ['guard.json', 'guard-answer.json', 'guard.log']) {
      expect((await readIfThere(state(name))) ?? '').not.toContain(privateKey);
    }
    await bench.platform.disarmGuard(OPERATION);
  });
});
