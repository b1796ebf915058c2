import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createRawServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, test } from 'vitest';
import { AppError, explain } from '../../../../src/errors.ts';
import type { ControlPlane } from '../../../../src/workspace/cdp/client/control-plane.ts';
import { type Answer, connect, openPlane, type Plane } from './plane.ts';

const CRN = 'crn:cdp:ml:us-west-1:acc:workspace:1';
const BACKUP = 'crn:cdp:ml:us-west-1:acc:backup:1';
const order = { workspaceCrn: CRN, backupName: 'op_1', backupJobTimeoutMinutes: 60 };
const CERTIFICATES = join(import.meta.dirname, '..', '..', 'kubernetes', 'certificates');

const open: Plane[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((plane) => plane.close()));
});

async function planeThat(...args: Parameters<typeof openPlane>): Promise<Plane> {
  const plane = await openPlane(...args);
  open.push(plane);
  return plane;
}

async function refused(work: Promise<unknown>): Promise<AppError> {
  const reason = await work.then(
    () => 'it was not refused',
    (error: unknown) => error,
  );
  if (reason instanceof AppError) return reason;
  throw reason;
}

const describeIt = (plane: ControlPlane) => plane.describeWorkspace({ environmentName: 'env', workspaceName: 'ws' });
const listIt = (plane: ControlPlane) => plane.listWorkspaces();
const backUp = (plane: ControlPlane) => plane.backupWorkspace(order);
const restoreAs = (plane: ControlPlane) =>
  plane.restoreWorkspace({
    ...{ backupCrn: BACKUP, restoreJobTimeoutMinutes: 60 },
    newWorkspaceParameters: { environmentName: 'env', workspaceName: 'ws' },
  });

const says = (status: number, code: string, message: string): Answer => ({ status, json: { code, message } });
const page = (status: number): Answer => ({ status, text: '<html>Welcome</html>' });

describe('one sentence, and what to do, for', () => {
  test.each<[string, Answer, (plane: ControlPlane) => Promise<unknown>, string, RegExp]>([
    [
      'a wrong key',
      says(401, 'UNAUTHENTICATED', 'no such key'),
      listIt,
      'control-plane-login',
      /^The control plane does not accept this access key$/,
    ],
    [
      'a wrong key without a word',
      { status: 401, headers: { 'content-type': 'text/plain' }, text: '' },
      listIt,
      'control-plane-login',
      /does not accept this access key$/,
    ],
    [
      'a missing right',
      says(403, 'PERMISSION_DENIED', 'no'),
      backUp,
      'control-plane-login',
      /^The control plane does not let this access key do backupWorkspace$/,
    ],
    [
      'an expired key',
      says(401, 'UNAUTHENTICATED', 'The key has expired'),
      listIt,
      'control-plane-login',
      /^The access key for the control plane has expired$/,
    ],
    [
      'a login page',
      page(200),
      listIt,
      'platform-unavailable',
      /^What answers at 127\.0\.0\.1:\d+ is not a control plane$/,
    ],
    ['a page that is not there', page(404), describeIt, 'platform-unavailable', /is not a control plane$/],
    [
      'a way elsewhere',
      { status: 302, text: '<a>', headers: { location: 'https://sso.example.com/login?secret=1' } },
      listIt,
      'platform-unavailable',
      /is not a control plane: it sends us to https:\/\/sso\.example\.com\/login$/,
    ],
    [
      'JSON that is no answer',
      { json: ['a'], headers: { 'x-altus-request-id': '' } },
      listIt,
      'platform-unavailable',
      /is not a control plane$/,
    ],
    [
      'other JSON that is not there',
      { status: 404, json: { error: 'nope' }, headers: { 'x-altus-request-id': '' } },
      listIt,
      'platform-unavailable',
      /is not a control plane$/,
    ],
    [
      'an unknown operation',
      says(404, 'PATH_DISABLED', 'disabled'),
      describeIt,
      'operation-missing',
      /^This control plane does not have the operation describeWorkspace$/,
    ],
    [
      'an operation that is not implemented',
      says(501, 'UNIMPLEMENTED', ''),
      backUp,
      'operation-missing',
      /does not have the operation backupWorkspace$/,
    ],
    [
      'an operation unknown in words',
      says(400, 'INVALID_ARGUMENT', 'Unknown operation backupWorkspace'),
      backUp,
      'operation-missing',
      /backupWorkspace/,
    ],
    [
      'an unknown workspace',
      says(404, 'NOT_FOUND', 'Workspace not found'),
      describeIt,
      'unknown-workspace',
      /^The control plane does not know the workspace ws$/,
    ],
    [
      'an unknown workspace to back up',
      says(404, 'NOT_FOUND', 'not found'),
      backUp,
      'unknown-workspace',
      /does not know the workspace crn:/,
    ],
    [
      'an unknown backup',
      says(404, 'NOT_FOUND', 'gone'),
      (plane) => plane.deleteBackup(BACKUP),
      'unknown-backup',
      /^The control plane does not know the backup crn:/,
    ],
    [
      'a taken name',
      says(409, 'ALREADY_EXISTS', 'backup op_1 already exists'),
      backUp,
      'name-taken',
      /^The control plane already has a backup named op_1$/,
    ],
    [
      'a taken name of a workspace',
      says(400, 'INVALID_ARGUMENT', 'the name is already in use'),
      restoreAs,
      'name-taken',
      /^The control plane already has a workspace of that name$/,
    ],
    [
      'another operation under way',
      says(409, 'CONFLICT', 'the workspace is being modified'),
      backUp,
      'control-plane-refused',
      /^The control plane refused backupWorkspace$/,
    ],
    [
      'bad input',
      says(400, 'INVALID_ARGUMENT', 'no'),
      backUp,
      'control-plane-refused',
      /^The control plane refused backupWorkspace$/,
    ],
  ])('%s', async (_what, answer, work, code, sentence) => {
    const server = await planeThat(() => answer);
    const error = await refused(work(connect(server.url).plane));
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(sentence),
      hint: expect.stringMatching(/[.?]$/),
    });
    expect(server.seen).toHaveLength(1);
  });

  it('an expired token, which is not called a key', async () => {
    const server = await planeThat(() => says(401, 'UNAUTHENTICATED', 'token expired'));
    const { plane } = connect(server.url, { environment: { CDP_ACCESS_TOKEN: 'abc' } });
    expect((await refused(plane.listWorkspaces())).message).toBe('The access token for the control plane has expired');
    expect(server.seen[0]?.headers).toMatchObject({ authorization: 'abc' });
    expect(server.seen[0]?.headers).not.toHaveProperty('x-altus-auth');
  });

  it.each([
    [432_000, /7m 1[123]s ahead of its own$/],
    [-3_900_000, /1h (5m|4m 59s) behind its own$/],
  ])('clocks that are apart, and by how much: %i ms', async (apartMs, words) => {
    const server = await planeThat(() => says(401, 'UNAUTHENTICATED', 'invalid signature'));
    const { plane } = connect(server.url, { now: () => new Date(Date.now() + apartMs) });
    const error = await refused(plane.listWorkspaces());
    expect(error).toMatchObject({ code: 'control-plane-login', hint: expect.stringContaining('NTP') });
    expect(error.message).toContain('the clock of this machine is');
    expect(error.message).toMatch(words);
  });

  it('an operation that is not there once the control plane is known, whatever the page says', async () => {
    const server = await planeThat((operation) => (operation === 'listWorkspaces' ? {} : page(404)));
    const { plane } = connect(server.url);
    await plane.listWorkspaces();
    expect((await refused(describeIt(plane))).code).toBe('operation-missing');
  });

  it('an answer that makes no sense', async () => {
    const server = await planeThat((operation) =>
      operation === 'describeWorkspace' ? { json: { workspace: 3 } } : {},
    );
    const { plane } = connect(server.url);
    await plane.listWorkspaces();
    const error = await refused(describeIt(plane));
    expect(error.message).toBe('The answer of the control plane to describeWorkspace makes no sense');
  });

  it('something that does not speak HTTP', async () => {
    const ssh = createRawServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('SSH-2.0-OpenSSH_9.2\r\n'),
    ).listen(0, '127.0.0.1');
    await once(ssh, 'listening');
    const { plane } = connect(`http://127.0.0.1:${(ssh.address() as AddressInfo).port}`);
    const error = await refused(plane.listWorkspaces());
    await new Promise((resolve) => ssh.close(resolve));
    expect(error.message).toMatch(/does not speak HTTP$/);
  });

  it('a name that nobody knows', async () => {
    const { plane } = connect('https://console.invalid');
    const error = await refused(plane.listWorkspaces());
    expect(error.message).toMatch(
      /^The control plane at console\.invalid has a name that (is not known here|cannot be looked up now)$/,
    );
  });

  it('a certificate that nobody vouches for, and none once its authority is named', async () => {
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(CERTIFICATES, name))));
    if (key === undefined || cert === undefined) throw new Error('no certificates');
    const server = await planeThat(() => ({}), { key, cert });
    const untrusted = await refused(connect(server.url).plane.backupWorkspace(order));
    expect(untrusted.message).toMatch(/has a certificate that nobody we trust vouches for$/);
    expect(untrusted.hint).toContain('caFile');
    expect(server.seen).toEqual([]);

    const caFile = join(CERTIFICATES, 'cert.pem');
    expect(await connect(server.url, { settings: { caFile } }).plane.listWorkspaces()).toEqual([]);
    const other = connect(server.url.replace('127.0.0.1', 'localhost'), { settings: { caFile } });
    expect((await refused(other.plane.listWorkspaces())).message).toMatch(/has a certificate for another name$/);
    const absent = connect(server.url, { settings: { caFile: '/no/such/file' } });
    expect((await refused(absent.plane.listWorkspaces())).message).toContain('/no/such/file cannot be read (ENOENT)');
  });

  it('TLS asked of a server that has none', async () => {
    const server = await planeThat(() => ({}));
    const error = await refused(connect(server.url.replace('http:', 'https:')).plane.listWorkspaces());
    expect(error.message).toMatch(/does not speak TLS at this port$/);
  });
});

it('names the request in what is recorded of a refusal, before its sentence', async () => {
  const server = await planeThat(() => says(400, 'INVALID_ARGUMENT', 'backup name is too long'));
  expect(explain(await refused(backUp(connect(server.url).plane)))).toBe(
    'The control plane refused backupWorkspace: request r-1: 400 INVALID_ARGUMENT: backup name is too long',
  );
});

describe('what a control plane offers', () => {
  const invalid = says(400, 'INVALID_ARGUMENT', 'backupCrn is required');

  it('is found out without an effect that could do something', async () => {
    const server = await planeThat((operation) => (operation === 'listWorkspaces' ? {} : invalid));
    const offers = await connect(server.url).plane.probeOperations();
    expect(offers).toEqual({
      ...{ listWorkspaces: 'answers', describeWorkspace: 'answers', listWorkspaceBackups: 'answers' },
      ...{ describeWorkspaceBackup: 'answers', getAuditEvents: 'answers', getLogs: 'answers', deleteBackup: 'answers' },
      ...{ getLatestWorkspaceVersion: 'answers' },
      ...{ backupWorkspace: 'unknown', restoreWorkspace: 'unknown', requestWorkflowCancellation: 'unknown' },
    });
    expect(server.seen.filter(({ body }) => JSON.stringify(body) !== '{}')).toEqual([]);
    const effects = ['backupWorkspace', 'restoreWorkspace', 'requestWorkflowCancellation'];
    expect(server.operations().filter((operation) => effects.includes(operation))).toEqual([]);
  });

  it('lacks what an older one does not have, and is forbidden what the key may not do', async () => {
    const answers: Record<string, Answer> = {
      listWorkspaces: {},
      describeWorkspaceBackup: page(404),
      deleteBackup: says(403, 'PERMISSION_DENIED', 'no'),
      getLogs: says(404, 'NOT_FOUND', 'no such operation getLogs'),
    };
    const server = await planeThat((operation) => answers[operation] ?? invalid);
    expect(await connect(server.url).plane.probeOperations()).toMatchObject({
      ...{ describeWorkspaceBackup: 'missing', deleteBackup: 'forbidden', getLogs: 'missing' },
      listWorkspaceBackups: 'answers',
    });
  });

  it('cannot be told of an address that is not a control plane', async () => {
    const server = await planeThat(() => page(404));
    expect((await refused(connect(server.url).plane.probeOperations())).message).toMatch(/is not a control plane$/);
    expect(server.operations()).toEqual(['listWorkspaces']);
  });
});
