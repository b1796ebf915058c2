import { expect } from 'vitest';
import type { Operation } from '../../../src/records/operation.ts';
import { asBob } from '../../e2e/bench.ts';
import {
  type ControlPlaneBench,
  type ControlPlaneWish,
  damageFiles,
  givenControlPlane,
} from '../../e2e/control-plane-bench.ts';
import { until } from '../../e2e/processes.ts';
import { compare } from '../../walker.ts';
import { type Here, judge, type Row, tell } from './row.ts';

/** A backup, and a workspace whose content and files were changed since. */
async function given(here: Here, wish: ControlPlaneWish = {}) {
  const bench = await givenControlPlane(here, wish);
  await bench.up();
  const held = bench.double.workflows.hold('backup', 'files');
  const asked = bench.backUp(['--name', 'good']);
  await bench.copiedWhileGone();
  held.release();
  const { answer, stderr } = await asked;
  if (answer.backup?.status !== 'completed') throw new Error(stderr);
  const { checksum } = bench.double.state();
  const files = bench.pictureAtCut();
  bench.stopWriting();
  await damageFiles(bench);
  bench.double.workspace().content.set('users', '0');
  return { bench, checksum, files };
}

/** Asks and approves; the restore has begun when this answers. */
async function approve(bench: ControlPlaneBench): Promise<void> {
  const asked = await bench.sayJson(['restore', 'good', '--confirm', 'team-ml']);
  if (asked.exitCode !== 0) throw new Error(asked.stderr);
  const approved = await bench.sayJson(['approve', asked.answer.request.id, ...asBob.words], asBob);
  if (approved.exitCode !== 0) throw new Error(approved.stderr);
}

async function ended(bench: ControlPlaneBench): Promise<Operation> {
  const isRestore = async () => (await bench.operations('ended')).find(({ kind }) => kind === 'restore-by-vendor');
  const restore = await until('the restore has ended', isRestore, 120_000);
  await bench.settled();
  return restore;
}

const sent = ({ double }: ControlPlaneBench) => double.calls.accepted('restoreWorkspace').length;

async function expectRestored({ bench, checksum, files }: Awaited<ReturnType<typeof given>>): Promise<string> {
  const restore = await ended(bench);
  expect({ status: restore.status, error: restore.error }).toEqual({ status: 'succeeded', error: undefined });
  expect(sent(bench)).toBe(1);
  expect(bench.double.state('ml-prod').checksum).toBe(checksum);
  expect(compare(files, await bench.picture())).toEqual([]);
  expect(await judge(bench)).toEqual([]);
  return `${await tell(bench, restore)}, restores begun: ${sent(bench)}`;
}

export const restoreRows: readonly Row[] = [
  {
    fault: 'the answer to restoreWorkspace is lost',
    injected: 'the work is begun, then the connection drops',
    expected: 'is seen in the workspace, and followed: begun once',
    async play(here) {
      const world = await given(here);
      world.bench.double.faults.next('restoreWorkspace', { kind: 'drop', when: 'after' });
      await approve(world.bench);
      return expectRestored(world);
    },
  },
  {
    fault: 'the server is killed during a restore',
    injected: 'kill -9 while the control plane restores',
    expected: 'the next one follows it to its end: begun once',
    async play(here) {
      const world = await given(here);
      const held = world.bench.double.workflows.hold('restore', 'files');
      await approve(world.bench);
      await held.reached;
      await world.bench.killServer();
      await world.bench.up();
      held.release();
      return expectRestored(world);
    },
  },
  {
    fault: 'a restored workspace has another CRN',
    injected: 'a fresh workspace of the same name replaces it',
    expected: 'is found by its name, and followed to its end',
    async play(here) {
      const world = await given(here, { double: { habits: { restoresUnderNewCrn: true } } });
      await approve(world.bench);
      return expectRestored(world);
    },
  },
  {
    fault: 'a restore fails and leaves services down',
    injected: 'a job of it fails, nothing stands; the budget is 6 s',
    expected: 'pages; nothing is sent again',
    async play(here) {
      const { bench } = await given(here, { policy: { downtimeBudget: '6s', guardMargin: '2s' } });
      bench.double.workflows.next('restore', { kind: 'fail', leaves: 'down', why: 'a volume could not be made' });
      await approve(bench);
      await until('people are paged', async () => (await bench.pages()) !== '', 120_000);
      const seen = await tell(bench);
      expect(sent(bench)).toBe(1);
      expect(bench.double.state().areServicesUp).toBe(false);
      return `${seen}, restores begun: ${sent(bench)}`;
    },
  },
];
