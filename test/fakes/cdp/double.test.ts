import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ask, createAsk } from './ask.ts';
import { type ControlPlaneDouble, createControlPlaneDouble } from './double.ts';

let double: ControlPlaneDouble;
let ask: Ask;

beforeEach(async () => {
  double = await createControlPlaneDouble({
    workspaces: [
      { name: 'ml-prod', staticSubdomain: 'prod', content: { users: '12', projects: '40' } },
      { name: 'ml-test', environment: 'env-2' },
    ],
    minuteMs: 50,
  });
  ask = createAsk(double.url, double.credentials);
});

afterEach(() => double.close());

const workspaceCrn = () => double.workspace('ml-prod').crn;
const backUp = (backupName: string, more = {}) =>
  ask('backupWorkspace', { workspaceCrn: workspaceCrn(), backupName, ...more });
const ended = () => double.workflows.all.at(-1)?.ended;

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('data', () => socket.destroy());
  });
}

describe('a backup', () => {
  test('takes services down and brings them up again', async () => {
    const { port } = double.workspace().services;
    const down = double.workflows.hold('backup', 'files');
    expect(await answers(port)).toBe(true);
    const { body } = await backUp('op-1', { backupJobTimeoutMinutes: 60 });
    expect(body).toMatchObject({ backupCrn: expect.stringMatching(/^crn:/), warnings: [] });
    await down.reached;
    expect(await answers(port)).toBe(false);
    const during = await ask('describeWorkspace', { environmentName: 'env-1', workspaceName: 'ml-prod' });
    expect(during.body.workspace).toMatchObject({ instanceStatus: 'backup:started' });
    down.release();
    await ended();
    expect(await answers(port)).toBe(true);
    expect(double.state()).toMatchObject({ status: 'installation:finished', areServicesUp: true });
    const detail = await ask('describeWorkspaceBackup', { backupCrn: body.backupCrn });
    expect(detail.body).toMatchObject({ backupName: 'op-1', backupStatus: 'backup:finished' });
  });

  test('writes its log while it runs', async () => {
    const down = double.workflows.hold('backup', 'snapshots');
    const { backupCrn } = (await backUp('op-1')).body;
    await down.reached;
    const { body } = await ask('getAuditEvents', { resourceCrn: workspaceCrn() });
    expect((await ask('getAuditEvents', { resourceCrn: backupCrn })).body).toEqual(body);
    const { events } = body.auditEvents as { events: { requestID: string; action: string }[] };
    expect(events.map(({ action }) => action)).toEqual(['backupWorkspace']);
    const requestID = events[0]?.requestID;
    const early = (await ask('getLogs', { requestID })).body.auditLogs as { count: number; logs: { log: string }[] };
    expect(early.logs.at(-1)?.log).toBe('Creating volume snapshots');
    down.release();
    await ended();
    const late = (await ask('getLogs', { requestID, offset: early.count, pageSize: 1 })).body.auditLogs;
    expect(late).toMatchObject({ count: early.count + 3, logs: [{ log: 'Copying internal files' }] });
  });

  test('is refused while the workspace is not ready, under a name that is taken, and of nothing', async () => {
    const running = double.workflows.hold('backup', 'stopping');
    await backUp('op-1');
    expect(await backUp('op-2')).toMatchObject({ status: 400, body: { code: 'FAILED_PRECONDITION' } });
    running.release();
    await ended();
    expect(await backUp('op-1')).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS' } });
    const unknown = { workspaceCrn: 'crn:cdp:ml:us-west-1:x:workspace:y', backupName: 'op-3' };
    expect(await ask('backupWorkspace', unknown)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await backUp('op-3', { timeout: 5 })).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    expect(double.calls.accepted('backupWorkspace')).toHaveLength(1);
    expect(double.calls.of('backupWorkspace')).toHaveLength(5);
  });

  test('is cancelled with services up, and ends by itself when its time is over', async () => {
    double.workflows.next('backup', { kind: 'hang', at: 'files' });
    await backUp('op-1');
    const asked = await ask('requestWorkflowCancellation', {
      resourceId: workspaceCrn(),
      workflowType: 'backupWorkspace',
    });
    expect(asked.body.workflowMetadata).toMatchObject([
      { workflowType: 'backup', lastKnownStatus: 'CANCEL_REQUESTED' },
    ]);
    await ended();
    expect(double.state()).toMatchObject({ areServicesUp: true, backups: [{ status: 'backup:cancelled' }] });
    double.workflows.next('backup', { kind: 'hang', at: 'files' });
    await backUp('op-2', { backupJobTimeoutMinutes: 3 });
    await ended();
    expect(double.workflows.all.at(-1)?.status).toBe('TIMED_OUT');
    expect(double.state()).toMatchObject({ areServicesUp: true, status: 'installation:finished' });
  });

  test('hangs on, whatever is asked of it', async () => {
    double.workflows.next('backup', { kind: 'hang', at: 'files', endedBy: [] });
    await backUp('op-1', { backupJobTimeoutMinutes: 1 });
    await ask('requestWorkflowCancellation', { resourceId: workspaceCrn() });
    const first = await Promise.race([ended()?.then(() => 'ended'), waited(200)]);
    expect(first).toBe('waited');
    expect(double.state()).toMatchObject({ areServicesUp: false, status: 'backup:started' });
  });

  test('fails and leaves services down, until someone brings them up', async () => {
    double.workflows.next('backup', { kind: 'fail', at: 'files', leaves: 'down', why: 'no room' });
    await backUp('op-1');
    await ended();
    expect(double.state()).toMatchObject({ areServicesUp: false, status: 'backup:failed' });
    const said = await ask('describeWorkspace', { workspaceCrn: workspaceCrn() });
    expect(said.body.workspace).toMatchObject({ failureMessage: 'no room' });
    await double.repairByHand();
    expect(double.state()).toMatchObject({ areServicesUp: true, status: 'installation:finished' });
  });

  test('goes when it is deleted, which takes a while', async () => {
    const { crn: backupCrn } = await double.backUpByHand('weekly');
    const deleting = double.workflows.hold('delete', 'snapshots');
    const { body } = await ask('deleteBackup', { backupCrn });
    expect(body.workflowId).toBe(double.workflows.all.at(-1)?.id);
    const during = await ask('listWorkspaceBackups', { workspaceCrn: workspaceCrn() });
    expect(during.body.backups).toMatchObject([{ backupName: 'weekly', backupStatus: 'delete:started' }]);
    deleting.release();
    await ended();
    const after = await ask('listWorkspaceBackups', { environmentName: 'env-1', workspaceName: 'ml-prod' });
    expect(after.body.backups).toEqual([]);
    expect((await ask('deleteBackup', { backupCrn })).status).toBe(404);
  });

  test('goes with its workspace', async () => {
    const { crn: backupCrn } = await double.backUpByHand('weekly');
    const deleting = double.workflows.hold('deprovision', 'services');
    const deletion = double.deleteByHand();
    const said = await ask('describeWorkspace', { workspaceCrn: workspaceCrn() });
    expect(said.body.workspace).toMatchObject({ instanceStatus: 'deprovision:started' });
    deleting.release();
    await deletion.ended;
    expect((await ask('describeWorkspaceBackup', { backupCrn })).status).toBe(404);
  });
});

describe('a restore', () => {
  test('brings back what the backup held, in the newest version', async () => {
    const before = double.state();
    const { crn: backupCrn } = await double.backUpByHand('weekly');
    double.workspace().content.set('users', '0');
    expect(double.state().checksum).not.toBe(before.checksum);
    const { body } = await ask('restoreWorkspace', { backupCrn, useStaticSubdomain: true });
    expect(body).toEqual({ workspaceCrn: before.crn, warnings: [] });
    await ended();
    const { version } = (await ask('getLatestWorkspaceVersion')).body;
    expect(double.state()).toMatchObject({
      checksum: before.checksum,
      version,
      subdomain: 'prod',
      areServicesUp: true,
    });
    expect(version).not.toBe(before.version);
  });

  test('gives another address when the static one is not asked for', async () => {
    const { crn: backupCrn } = await double.backUpByHand('weekly');
    await ask('restoreWorkspace', { backupCrn });
    await ended();
    expect(double.state().subdomain).toMatch(/^ml-[\da-f]{8}-[\da-f]{3}$/);
  });

  test('makes a new workspace beside the old one, and takes no other one away', async () => {
    const before = double.state('ml-prod');
    const { crn: backupCrn } = await double.backUpByHand('weekly', 'ml-prod');
    const into = (environmentName: string, workspaceName: string) =>
      ask('restoreWorkspace', { backupCrn, newWorkspaceParameters: { environmentName, workspaceName } });
    expect(await into('env-2', 'ml-test')).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS' } });
    const made = await into('env-1', 'ml-copy');
    await ended();
    expect(double.state('ml-copy')).toMatchObject({ crn: made.body.workspaceCrn, checksum: before.checksum });
    expect(double.state('ml-prod')).toMatchObject({ crn: before.crn, status: 'installation:finished' });
  });

  test('that fails leaves nothing of what stood', async () => {
    const { crn: backupCrn } = await double.backUpByHand('weekly');
    const { checksum } = double.state();
    double.workflows.next('restore', { kind: 'fail', leaves: 'down' });
    await ask('restoreWorkspace', { backupCrn });
    await ended();
    expect(double.state()).toMatchObject({ status: 'restore:failed', areServicesUp: false });
    expect(double.state().checksum).not.toBe(checksum);
  });
});

const waited = (ms: number) => new Promise((resolve) => setTimeout(() => resolve('waited'), ms));
