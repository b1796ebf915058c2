import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ask, createAsk, post } from './ask.ts';
import { type ControlPlaneDouble, createControlPlaneDouble } from './double.ts';

let double: ControlPlaneDouble;
let ask: Ask;

beforeAll(async () => {
  double = await createControlPlaneDouble({ minuteMs: 5 });
  ask = createAsk(double.url, double.credentials);
});

afterAll(() => double.close());

const workspaceCrn = () => double.workspace().crn;

test.each([429, 503, 509])('answers %i once, without any effect', async (status) => {
  double.faults.next('listWorkspaces', { kind: 'answer', status, retryAfterSeconds: 2 });
  const said = await ask('listWorkspaces');
  expect([said.status, said.headers.get('retry-after'), typeof said.body.code]).toEqual([status, '2', 'string']);
  expect(double.calls.all.at(-1)).toMatchObject({ accepted: false, answered: status });
  expect((await ask('listWorkspaces')).status).toBe(200);
});

test('drops a connection before the work, and after it', async () => {
  const backUp = (backupName: string) => ask('backupWorkspace', { workspaceCrn: workspaceCrn(), backupName });
  double.faults.next('backupWorkspace', { kind: 'drop', when: 'before' });
  await expect(backUp('never-begun')).rejects.toThrow();
  expect(double.calls.all.at(-1)).toMatchObject({ accepted: false, answered: 'dropped' });
  double.faults.next('backupWorkspace', { kind: 'drop', when: 'after' });
  await expect(backUp('begun')).rejects.toThrow();
  expect(double.calls.accepted('backupWorkspace')).toHaveLength(1);
  await double.workflows.all.at(-1)?.ended;
  expect(double.state().backups.map(({ name }) => name)).toEqual(['begun']);
  double.faults.next('backupWorkspace', { kind: 'answer', status: 504, when: 'after' });
  expect((await backUp('behind-a-gateway')).status).toBe(504);
  expect(double.calls.accepted('backupWorkspace')).toHaveLength(2);
  await double.workflows.all.at(-1)?.ended;
});

test('lets a hook end calls, and lets it see who sent them', async () => {
  const end = double.faults.watch(({ key }, stage) =>
    stage === 'after' && key?.startsWith('token-') ? 'drop' : undefined,
  );
  const authorization = double.keys.issueToken();
  await expect(post(`${double.url}/api/v1/ml/listWorkspaces`, {}, { authorization })).rejects.toThrow();
  expect((await ask('listWorkspaces')).status).toBe(200);
  end();
  expect((await post(`${double.url}/api/v1/ml/listWorkspaces`, {}, { authorization })).status).toBe(200);
});

test('says other state words and fields that nobody knows', async () => {
  double.words.set('installation:finished', 'Fully Operational');
  const end = double.faults.unknownFields();
  const { body } = await ask('describeWorkspace', { workspaceCrn: workspaceCrn() });
  expect(body).toMatchObject({
    addedLaterByTheVendor: {},
    workspace: { instanceStatus: 'Fully Operational', addedLaterByTheVendor: {}, backupMetadata: {} },
  });
  end();
  double.words.clear();
});

test.each([
  ['plain', 404, 'text/plain; charset=utf-8'],
  ['not-found', 404, 'application/json'],
  ['unimplemented', 501, 'application/json'],
  ['disabled', 403, 'application/json'],
] as const)('does not have an operation, and says so: %s', async (how, status, type) => {
  double.withdraw('deleteBackup', how);
  const said = await ask('deleteBackup', {});
  expect([said.status, said.headers.get('content-type')]).toEqual([status, type]);
  double.offer('deleteBackup');
  expect(await ask('deleteBackup', {})).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
});

test('shows a page where there is no API, and instead of an answer', async () => {
  double.faults.next('listWorkspaces', { kind: 'html', status: 200 });
  expect((await ask('listWorkspaces')).headers.get('content-type')).toMatch('text/html');
  expect((await post(`${double.url}/elsewhere`, {}, {})).status).toBe(404);
});

test('denies an operation to a key that lacks the role', async () => {
  const reader = createAsk(double.url, double.keys.issue('ed25519v1', { denied: ['backupWorkspace'] }));
  expect((await reader('listWorkspaces')).status).toBe(200);
  const said = await reader('backupWorkspace', { workspaceCrn: workspaceCrn(), backupName: 'x' });
  expect(said).toMatchObject({ status: 403, body: { code: 'PERMISSION_DENIED' } });
});

test('is away, and back', async () => {
  double.faults.down();
  await expect(ask('listWorkspaces')).rejects.toThrow();
  double.faults.up();
  expect((await ask('listWorkspaces')).status).toBe(200);
});

test('lists a backup late, and takes a name twice, where it has such habits', async () => {
  Object.assign(double.habits, { listLagMinutes: 1_000, acceptsTakenNames: true });
  await double.backUpByHand('late');
  const { body } = await ask('listWorkspaceBackups', { workspaceCrn: workspaceCrn() });
  expect(JSON.stringify(body)).not.toMatch('"late"');
  expect((await ask('backupWorkspace', { workspaceCrn: workspaceCrn(), backupName: 'late' })).status).toBe(200);
  await double.workflows.all.at(-1)?.ended;
  Object.assign(double.habits, { listLagMinutes: 0, acceptsTakenNames: false });
});
