import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppError } from '../../../../src/errors.ts';
import type { ControlPlane } from '../../../../src/workspace/cdp/client/control-plane.ts';
import { readState, saysReady } from '../../../../src/workspace/cdp/client/state.ts';
import { type ControlPlaneDouble, createControlPlaneDouble } from '../../../fakes/cdp/double.ts';
import { connect } from './plane.ts';

/** The double was written from what is public of the API and shares no code with the client: both have to read it alike. */
let double: ControlPlaneDouble;
let plane: ControlPlane;

beforeAll(async () => {
  double = await createControlPlaneDouble({ minuteMs: 20 });
  plane = clientWith(double.credentials);
});
afterAll(() => double.close());

function clientWith(login: { accessKeyId: string; privateKey: string } | { accessToken: string }): ControlPlane {
  const environment: Record<string, string> =
    'accessToken' in login
      ? { CDP_ACCESS_TOKEN: login.accessToken }
      : { CDP_ACCESS_KEY_ID: login.accessKeyId, CDP_PRIVATE_KEY: login.privateKey };
  return connect(double.url, { environment }).plane;
}

const orderOf = (backupName: string) => ({
  ...{ workspaceCrn: double.workspace().crn, backupName, backupJobTimeoutMinutes: 60 },
});
const ended = () => double.workflows.all.at(-1)?.ended;

function refused(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => expect.unreachable('it was not refused'),
    (error) => error,
  );
}

describe('the client and a control plane of others', () => {
  it.each(['ed25519v1', 'ecdsav1', 'rsav1'] as const)('agree on signatures: %s', async (method) => {
    expect(await clientWith(double.keys.issue(method)).listWorkspaces()).toHaveLength(1);
    expect(double.calls.all.at(-1)).toMatchObject({ authMethod: method, accepted: true });
  });

  it('agree on tokens, and on one that has expired', async () => {
    expect(await clientWith({ accessToken: double.keys.issueToken() }).listWorkspaces()).toHaveLength(1);
    const old = clientWith({ accessToken: double.keys.issueToken({ validForMs: -1 }) });
    expect((await refused(old.listWorkspaces())).message).toBe('The access token for the control plane has expired');
  });

  it('agree on what a backup is, from its order to its end', async () => {
    const { crn, name, environment } = double.workspace();
    const key = { environmentName: environment, workspaceName: name };
    expect(saysReady((await plane.describeWorkspace(key)).instanceStatus)).toBe(true);
    const held = double.workflows.hold('backup', 'files');
    const { backupCrn } = await plane.backupWorkspace(orderOf('op-1'));
    await held.reached;
    expect(readState((await plane.describeWorkspace({ workspaceCrn: crn })).instanceStatus).outcome).toBe('running');
    expect(readState((await plane.describeWorkspaceBackup(backupCrn)).backupStatus).outcome).toBe('running');
    const [event] = await plane.getAuditEvents(crn);
    expect(await plane.getLogs(event?.requestID ?? '')).toContainEqual(
      expect.objectContaining({ log: 'Copying internal files' }),
    );
    held.release();
    await ended();
    expect(await plane.listWorkspaceBackups(key)).toMatchObject([{ backupCrn, backupName: 'op-1' }]);
    expect(readState((await plane.describeWorkspaceBackup(backupCrn)).backupStatus).outcome).toBe('finished');
    expect((await refused(plane.backupWorkspace(orderOf('op-1')))).code).toBe('name-taken');
    expect((await plane.restoreWorkspace({ backupCrn, restoreJobTimeoutMinutes: 60 })).workspaceCrn).toBe(crn);
    await ended();
    expect((await plane.describeWorkspace(key)).version).toBe(await plane.getLatestWorkspaceVersion());
    expect((await plane.deleteBackup(backupCrn)).workflowId).toBe(double.workflows.all.at(-1)?.id);
    await ended();
    expect((await refused(plane.describeWorkspaceBackup(backupCrn))).code).toBe('unknown-backup');
  });

  it('agree on how a backup is cancelled', async () => {
    double.workflows.next('backup', { kind: 'hang', at: 'files' });
    const { workspaceCrn, ...order } = orderOf('op-hangs');
    const { backupCrn } = await plane.backupWorkspace({ workspaceCrn, ...order });
    const cancelled = await plane.requestWorkflowCancellation({
      resourceId: workspaceCrn,
      workflowType: 'backupWorkspace',
    });
    expect(cancelled).toMatchObject([{ lastKnownStatus: 'CANCEL_REQUESTED' }]);
    await ended();
    expect(readState((await plane.describeWorkspaceBackup(backupCrn)).backupStatus).outcome).toBe('cancelled');
  });

  it.each(['plain', 'not-found', 'unimplemented', 'disabled'] as const)(
    'agree on an operation that is not there: %s',
    async (how) => {
      double.withdraw('describeWorkspaceBackup', how);
      double.withdraw('deleteBackup', how);
      const young = clientWith(double.credentials);
      expect((await refused(young.describeWorkspaceBackup('crn:x'))).code).toBe('operation-missing');
      expect(await young.probeOperations()).toMatchObject({
        ...{ describeWorkspaceBackup: 'missing', deleteBackup: 'missing', listWorkspaceBackups: 'answers' },
      });
      double.offer('describeWorkspaceBackup');
      double.offer('deleteBackup');
    },
  );

  it('find out what there is and what is denied, and change nothing', async () => {
    const before = double.state();
    const some = clientWith(double.keys.issue('ed25519v1', { denied: ['deleteBackup'] }));
    expect(await plane.probeOperations()).toMatchObject({ deleteBackup: 'answers', backupWorkspace: 'unknown' });
    expect(await some.probeOperations()).toMatchObject({ deleteBackup: 'forbidden', getLogs: 'answers' });
    expect(double.state()).toEqual(before);
  });

  it('agree on who is let in', async () => {
    const stranger = clientWith({ ...double.credentials, accessKeyId: 'nobody' });
    expect((await refused(stranger.listWorkspaces())).message).toBe(
      'The control plane does not accept this access key',
    );
    double.clock.skewMs = 6 * 60_000;
    const { message } = await refused(plane.listWorkspaces());
    double.clock.skewMs = 0;
    expect(message).toMatch(/^The control plane refused our signature, .* (6m 0s|6m|5m 59s) behind its own$/);
  });

  it('lose the answer to an effect, of which there then is one', async () => {
    const before = double.calls.accepted('backupWorkspace').length;
    double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
    expect((await refused(plane.backupWorkspace(orderOf('op-lost')))).code).toBe('answer-lost');
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(before + 1);
    await ended();
    double.faults.next('backupWorkspace', { kind: 'answer', status: 429, retryAfterSeconds: 1 }, 1);
    await plane.backupWorkspace(orderOf('op-busy'));
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(before + 2);
    await ended();
  });

  it('get on with fields and words that are new', async () => {
    const end = double.faults.unknownFields();
    double.words.set('installation:finished', 'Fully Operational');
    const said = await plane.describeWorkspace({ workspaceCrn: double.workspace().crn });
    expect(said).toMatchObject({ instanceStatus: 'Fully Operational', addedLaterByTheVendor: { since: '0.9.999' } });
    expect(readState(said.instanceStatus)).toMatchObject({ raw: 'Fully Operational', outcome: 'unknown' });
    end();
    double.words.clear();
  });
});
