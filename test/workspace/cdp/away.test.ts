import { expect, it, onTestFinished } from 'vitest';
import type { BackupPlan } from '../../../src/records/plan.ts';
import { type CdpBench, makeCdpBench } from './bench.ts';

const OPERATION = 'op_1';
/** Nothing but the control plane's part is planned; the rest of a plan is not read here. */
const plan = { parts: [{ name: 'workspace', kind: 'vendor', capture: 'vendor' }], budgetMs: 3_600_000 } as BackupPlan;

async function stoppedBench(): Promise<CdpBench & { quiet: Awaited<ReturnType<CdpBench['platform']['stop']>> }> {
  const bench = await makeCdpBench();
  onTestFinished(() => bench.dispose());
  const quiet = await bench.platform.stop(await bench.platform.noteRunning(OPERATION));
  return { ...bench, quiet };
}

/** Its questions are answered with a failure that may pass, so many times each from the moment that the work began. */
function awayFor(times: number, { double }: CdpBench, work = 'backupWorkspace'): void {
  const left = new Map<string, number>();
  double.faults.whenever(
    ({ operation }) => {
      if (operation === work || double.calls.accepted(work).length === 0) return false;
      const so = left.get(operation) ?? times;
      left.set(operation, so - 1);
      return so > 0;
    },
    { kind: 'answer', status: 500, code: 'INTERNAL' },
  );
}

it('follows a backup although the control plane cannot be asked for a while', async () => {
  const bench = await stoppedBench();
  const { double, platform, quiet } = bench;
  const held = double.workflows.hold('backup', 'files');
  awayFor(3, bench);
  const taken = platform.snapshot(OPERATION, plan, quiet);
  await held.reached;
  expect(await platform.awaitStill?.(quiet)).toEqual({});
  held.release();
  expect(await taken).toMatchObject([{ part: 'workspace', kept: { status: 'backup:finished' } }]);
  expect(double.calls.of('requestWorkflowCancellation')).toEqual([]);
});

it('finds a backup whose answer was lost although the list cannot be had for a while', async () => {
  const bench = await stoppedBench();
  const { double, platform, quiet } = bench;
  double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
  awayFor(2, bench);
  expect(await platform.snapshot(OPERATION, plan, quiet)).toMatchObject([{ kept: { name: 'cml-op-1' } }]);
  expect(double.calls.of('backupWorkspace')).toHaveLength(1);
});

it('follows a backup by the list where the control plane is too old to be asked for one', async () => {
  const { double, platform, quiet } = await stoppedBench();
  double.withdraw('describeWorkspaceBackup', 'plain');
  expect(await platform.inspect({ count: true })).not.toHaveProperty('obstacle');
  expect(await platform.snapshot(OPERATION, plan, quiet)).toMatchObject([{ kept: { status: 'backup:finished' } }]);
  expect(double.calls.of('backupWorkspace')).toHaveLength(1);
});

it('finds a restore whose answer was lost although its workspace cannot be looked at for a while', async () => {
  const bench = await makeCdpBench({ platform: { listedWithin: '2s' } });
  onTestFinished(() => bench.dispose());
  const { double, platform } = bench;
  const { crn } = await double.backUpByHand('weekly');
  const held = double.workflows.hold('restore', 'files');
  double.faults.next('restoreWorkspace', { kind: 'drop', when: 'after' });
  awayFor(3, bench, 'restoreWorkspace');
  await platform.vendor?.beginRestore(OPERATION, crn);
  held.release();
  expect(await platform.vendor?.followRestore(OPERATION)).toMatchObject({ state: 'restored' });
  expect(double.calls.of('restoreWorkspace')).toHaveLength(1);
});
