import { expect } from 'vitest';
import { type ControlPlaneBench, givenControlPlane, loginOf, writeLogin } from '../../e2e/control-plane-bench.ts';
import { judge, type Row } from './row.ts';

/** A backup is refused before anything is touched, in a sentence that says so. */
async function refused(bench: ControlPlaneBench, sentence: RegExp): Promise<string> {
  const said = await bench.backUp();
  expect(said.exitCode).not.toBe(0);
  const told = said.answer.error ?? said.answer.operation?.error;
  expect(told?.message).toMatch(sentence);
  expect(bench.double.calls.of('backupWorkspace')).toEqual([]);
  expect(bench.double.workflows.all).toEqual([]);
  expect(await judge(bench)).toEqual([]);
  return `exit code ${said.exitCode}: ${told?.message}`;
}

/** Bad input: one sentence each, nothing begun. */
export const refusalRows: readonly Row[] = [
  {
    fault: 'the clock of this machine is wrong',
    injected: "the server's clock is ten minutes ahead",
    expected: 'is refused, naming the clock and by how much',
    isSampled: true,
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.clock.skewMs = 600_000;
      return refused(bench, /clock of this machine is (10 ?m|9m 59)/);
    },
  },
  {
    fault: 'a wrong key',
    injected: 'the private key of another access key',
    expected: 'is refused, naming the access key',
    async play(here) {
      const bench = await givenControlPlane(here);
      const { privateKey } = bench.double.keys.issue();
      await writeLogin(bench, { ...loginOf(bench.double), cdp_private_key: privateKey });
      await bench.up();
      return refused(bench, /does not accept this access key/);
    },
  },
  {
    fault: 'an expired token',
    injected: 'an access token that ended a second ago',
    expected: 'is refused, saying that it has expired',
    async play(here) {
      const bench = await givenControlPlane(here);
      await writeLogin(bench, { cdp_access_token: bench.double.keys.issueToken({ validForMs: -1_000 }) });
      await bench.up();
      return refused(bench, /token .*has expired/);
    },
  },
  {
    fault: 'a key without the right',
    injected: 'its user may read only: 403 to backupWorkspace',
    expected: 'fails, naming the operation, with services up',
    async play(here) {
      const bench = await givenControlPlane(here);
      const { accessKeyId, privateKey } = bench.double.keys.issue('rsav1', { denied: ['backupWorkspace'] });
      await writeLogin(bench, { cdp_access_key_id: accessKeyId, cdp_private_key: privateKey });
      await bench.up();
      const { answer } = await bench.backUp();
      expect(answer.operation).toMatchObject({ status: 'failed' });
      expect(answer.operation.error.message).toMatch(/does not let this access key do backupWorkspace/);
      expect(bench.begun()).toBe(0);
      expect(await judge(bench)).toEqual([]);
      return `failed: ${answer.operation.error.message}`;
    },
  },
  {
    fault: 'an endpoint that is no control plane',
    injected: 'its address with a path, where a sign-in page is',
    expected: 'is refused, naming the host',
    async play(here) {
      const bench = await givenControlPlane(here);
      bench.double.faults.whenever(() => true, { kind: 'html', status: 200 });
      await bench.up();
      return refused(bench, /127\.0\.0\.1:\d+ is not a control plane/);
    },
  },
  {
    fault: 'a workspace that the control plane does not know',
    injected: 'another name in cml.yaml',
    expected: 'is refused, naming it',
    async play(here) {
      const bench = await givenControlPlane(here, {
        platform: { workspace: { environment: 'env-1', name: 'ml-pord' } },
      });
      await bench.up();
      return refused(bench, /does not know the workspace ml-pord/);
    },
  },
  {
    fault: 'an operation that the control plane does not have',
    injected: 'no backupWorkspace: 404 page not found',
    expected: 'fails, naming the operation, with services up',
    async play(here) {
      const bench = await givenControlPlane(here);
      await bench.up();
      bench.double.withdraw('backupWorkspace');
      const { answer } = await bench.backUp();
      const told = answer.error ?? answer.operation?.error;
      expect(told.message).toMatch(/does not have the operation backupWorkspace/);
      expect(bench.begun()).toBe(0);
      expect(await judge(bench)).toEqual([]);
      return `failed: ${told.message}`;
    },
  },
  {
    fault: 'a workspace that is not ready',
    injected: 'its upgrade is under way, by its word',
    expected: 'is refused, with the word',
    async play(here) {
      const bench = await givenControlPlane(here);
      bench.double.words.set('installation:finished', 'upgrade:started');
      await bench.up();
      return refused(bench, /upgrade:started/);
    },
  },
];
