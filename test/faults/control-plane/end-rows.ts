import { expect } from 'vitest';
import { givenControlPlane } from '../../e2e/control-plane-bench.ts';
import { sendSignal, until } from '../../e2e/processes.ts';
import { backUp, expectEnd, judge, paged, type Row } from './row.ts';

const QUICK = { downtimeBudget: '6s', guardMargin: '2s' };

/** What becomes of the work that the control plane took, and of ours meanwhile. */
export const endRows: readonly Row[] = [
  {
    fault: 'its backup hangs',
    injected: 'it goes on no more while services are down; the budget is 6 s',
    expected: 'is called off, services come up, nobody is paged',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here, { policy: QUICK });
      await bench.up();
      bench.double.workflows.next('backup', { kind: 'hang', at: 'files' });
      const seen = await expectEnd(bench, await backUp(bench), { status: 'failed', code: 'over-budget', begun: 1 });
      expect(await bench.pages()).toBe('');
      return seen;
    },
  },
  {
    fault: 'its backup hangs, and cannot be cancelled',
    injected: 'it minds neither a cancellation nor its own time-out; the budget is 6 s',
    expected: 'pages after three minutes; is done once an administrator brought services up',
    async play(here) {
      const bench = await givenControlPlane(here, { policy: QUICK });
      await bench.up();
      bench.double.workflows.next('backup', { kind: 'hang', at: 'files', endedBy: [] });
      const asked = backUp(bench);
      // The guard gives one try three minutes.
      const seen = await paged(bench, asked, 260_000);
      await bench.double.repairByHand();
      const ended = await asked;
      expect(ended.status).toBe('failed');
      expect(await judge(bench)).toEqual([]);
      return `while it hangs: ${seen}; then up again`;
    },
  },
  {
    fault: 'its backup fails and leaves services down',
    injected: 'a job of it fails while services are down, nothing starts them; the budget is 6 s',
    expected: 'pages; is done once an administrator brought services up',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here, { policy: QUICK });
      await bench.up();
      bench.double.workflows.next('backup', { kind: 'fail', at: 'files', leaves: 'down', why: 'no room in the vault' });
      const asked = backUp(bench);
      const seen = await paged(bench, asked);
      await bench.double.repairByHand();
      const ended = await asked;
      expect(ended.status).toBe('failed');
      expect(ended.error?.message).toMatch(/no room in the vault/);
      expect(await judge(bench)).toEqual([]);
      return `while down: ${seen}; then up again`;
    },
  },
  {
    fault: 'its backup fails',
    injected: 'a job of it fails, services are started',
    expected: "fails with the control plane's own word, services up",
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.workflows.next('backup', { kind: 'fail', at: 'files', why: 'no room in the vault' });
      const ended = await backUp(bench);
      expect(ended.error?.message).toMatch(/backup:failed/);
      const seen = await expectEnd(bench, ended, { status: 'failed', begun: 1 });
      expect(await bench.pages()).toBe('');
      return seen;
    },
  },
  {
    fault: 'it runs into its own time-out',
    injected: 'it hangs; the control plane ends it after three of its minutes',
    expected: 'fails with its word, services up',
    async play(here) {
      const bench = await givenControlPlane(here, { platform: { backupTimeout: '3m' } });
      await bench.up();
      bench.double.workflows.next('backup', { kind: 'hang', at: 'files' });
      return expectEnd(bench, await backUp(bench), { status: 'failed', begun: 1 });
    },
  },
  {
    fault: 'nobody can see whether the database is gone',
    injected: 'no databaseProbe',
    expected: 'makes the backup, and calls its files approximate',
    async play(here) {
      const bench = await givenControlPlane(here, { hasNoProbe: true });
      await bench.up();
      const seen = await expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
      const [{ id }] = (await bench.sayJson(['list', 'team-ml'])).answer.backups;
      expect((await bench.say(['status', id])).stdout).toMatch(/approximate/);
      return seen;
    },
  },
  {
    fault: 'the server is killed as it asks for the backup',
    injected: 'kill -9 after the work was begun, before its answer',
    expected: 'the next one finds it by its name and follows it: begun once',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      const held = bench.double.workflows.hold('backup', 'files');
      bench.double.faults.next('backupWorkspace', { kind: 'silent', when: 'after' });
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await held.reached;
      client.kill('SIGKILL');
      await bench.killServer();
      await bench.up();
      held.release();
      return expectEnd(bench, await bench.settled(), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'the server is killed before the backup was begun',
    injected: 'kill -9 as backupWorkspace arrives, and it is dropped',
    expected: 'the next one does not send it again: fails, services up',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'silent', when: 'before' });
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await until('it was asked', () => bench.double.calls.of('backupWorkspace').length > 0);
      client.kill('SIGKILL');
      await bench.killServer();
      await bench.up();
      const seen = await expectEnd(bench, await bench.settled(), { status: 'failed', begun: 0 });
      expect(bench.double.calls.of('backupWorkspace')).toHaveLength(1);
      return seen;
    },
  },
  {
    fault: 'the server is told to end during the backup',
    injected: 'SIGTERM while services are down',
    expected: 'leaves services up, with this life or the next; begun once',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      const held = bench.double.workflows.hold('backup', 'files');
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await held.reached;
      client.kill('SIGKILL');
      for (const pid of bench.serverPids()) sendSignal(pid, 'SIGTERM');
      await until('the server has ended', () => bench.serverPids().length === 0, 60_000);
      held.release();
      await bench.up();
      return expectEnd(bench, await bench.settled(), { begun: 1 });
    },
  },
  {
    fault: 'it cannot be cancelled, because the operation is missing',
    injected: 'no requestWorkflowCancellation; someone cancels while services are down',
    expected: 'waits for its end: services up, nobody paged',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.withdraw('requestWorkflowCancellation', 'unimplemented');
      const held = bench.double.workflows.hold('backup', 'files');
      const asked = backUp(bench);
      await held.reached;
      expect((await bench.sayJson(['cancel', 'team-ml'])).exitCode).toBe(0);
      await until('it was tried', () => bench.double.calls.of('requestWorkflowCancellation').length > 0);
      held.release();
      const seen = await expectEnd(bench, await asked, { status: 'cancelled', begun: 1 });
      expect(await bench.pages()).toBe('');
      return seen;
    },
  },
];
