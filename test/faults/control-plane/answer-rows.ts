import { expect } from 'vitest';
import { givenControlPlane, writeLogin } from '../../e2e/control-plane-bench.ts';
import { until } from '../../e2e/processes.ts';
import { backUp, expectEnd, type Row } from './row.ts';

/** What the control plane answers, or does not. */
export const answerRows: readonly Row[] = [
  {
    fault: 'the answer to backupWorkspace is lost',
    injected: 'the work is begun, then the connection drops',
    expected: 'is looked for by its name, and made: begun once',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'the answer is lost, and the list is late',
    injected: 'the same; the backup is listed a second later',
    expected: 'is waited for, and made: begun once',
    async play(here) {
      const bench = await givenControlPlane(here, { double: { habits: { listLagMinutes: 1 } } });
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'a gateway gives up on backupWorkspace',
    injected: '504, the work is begun behind it',
    expected: 'is looked for by its name, and made: begun once',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'answer', status: 504, when: 'after' });
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'backupWorkspace does not come through',
    injected: 'the connection drops before any work',
    expected: 'is never sent again, and fails with services up',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'drop', when: 'before' });
      const seen = await expectEnd(bench, await backUp(bench), { status: 'failed', begun: 0 });
      expect(bench.double.calls.of('backupWorkspace')).toHaveLength(1);
      return seen;
    },
  },
  {
    fault: 'backupWorkspace is refused for now',
    injected: '429 with a second to wait, before any work',
    expected: 'is sent again, and made: begun once',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.faults.next('backupWorkspace', { kind: 'answer', status: 429, retryAfterSeconds: 1 });
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'every other question is refused for now',
    injected: '429, 503 and 509 in turn to what changes nothing',
    expected: 'asks again, and makes the backup',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      for (const [at, status] of [429, 503, 509].entries()) {
        bench.double.faults.whenever(
          ({ operation, number }) => operation !== 'backupWorkspace' && number % 6 === at * 2,
          { kind: 'answer', status },
        );
      }
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'the control plane is away during its backup',
    injected: 'every connection is cut for four seconds while services are down',
    expected: 'goes on following, and makes the backup',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      const held = bench.double.workflows.hold('backup', 'files');
      const asked = backUp(bench);
      await held.reached;
      bench.double.faults.down();
      setTimeout(() => {
        bench.double.faults.up();
        held.release();
      }, 4_000);
      return expectEnd(bench, await asked, { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'a login page in the place of an answer',
    injected: 'HTML with status 200, once, while its backup is followed',
    expected: 'goes on following, and makes the backup',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      const held = bench.double.workflows.hold('backup', 'files');
      const asked = backUp(bench);
      await held.reached;
      bench.double.faults.next('describeWorkspaceBackup', { kind: 'html', status: 200 });
      const seen = () => bench.double.calls.of('describeWorkspaceBackup').filter(({ accepted }) => !accepted);
      await until('it was shown', () => seen().length > 0);
      held.release();
      return expectEnd(bench, await asked, { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'the token expires during the backup',
    injected: 'it is taken back while services are down; then a new one stands in its file',
    expected: 'goes on following with the new one, and makes the backup',
    async play(here) {
      const bench = await givenControlPlane(here);
      const token = bench.double.keys.issueToken();
      await writeLogin(bench, { cdp_access_token: token });
      await bench.up();
      const held = bench.double.workflows.hold('backup', 'files');
      const asked = backUp(bench);
      await held.reached;
      bench.double.keys.revoke(token);
      const refused = () => bench.double.calls.all.filter(({ answered }) => answered === 401);
      await until('it was refused', () => refused().length > 2);
      await writeLogin(bench, { cdp_access_token: bench.double.keys.issueToken() });
      held.release();
      return expectEnd(bench, await asked, { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'words and fields that nobody knows',
    injected: 'backups are "Snapshotting" and "Protected: Completed", each object has a new field',
    expected: 'waits for what it does not know, and makes the backup',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.words.set('backup:started', 'Snapshotting');
      bench.double.words.set('backup:finished', 'Protected: Completed');
      bench.double.faults.unknownFields();
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'an older control plane',
    injected: 'no describeWorkspaceBackup, getAuditEvents, getLogs',
    expected: 'follows the list instead, and makes the backup',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      for (const name of ['describeWorkspaceBackup', 'getAuditEvents', 'getLogs']) bench.double.withdraw(name);
      return expectEnd(bench, await backUp(bench), { status: 'succeeded', begun: 1 });
    },
  },
  {
    fault: 'the name of the backup is taken',
    injected: '409 ALREADY_EXISTS; nothing of that name is listed',
    expected: 'fails with services up: sent once',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      const code = 'ALREADY_EXISTS';
      bench.double.faults.next('backupWorkspace', { kind: 'answer', status: 409, code, message: 'exists already' });
      const seen = await expectEnd(bench, await backUp(bench), { status: 'failed', begun: 0 });
      expect(bench.double.calls.of('backupWorkspace')).toHaveLength(1);
      return seen;
    },
  },
];
