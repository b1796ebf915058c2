import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { explain } from '../../../../src/errors.ts';
import { type Answer, connect, drop, openPlane, type Plane } from './plane.ts';

const CRN = 'crn:cdp:ml:us-west-1:acc:workspace:1';
const BACKUP = 'crn:cdp:ml:us-west-1:acc:backup:1';
const order = { workspaceCrn: CRN, backupName: 'op_1', backupJobTimeoutMinutes: 60 };

const open: Plane[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((plane) => plane.close()));
});

async function planeThat(answer: (operation: string, nth: number) => Answer): Promise<Plane> {
  const plane = await openPlane(answer);
  open.push(plane);
  return plane;
}

/** Answers in turn, the last of them for ever. */
async function inTurn(...answers: Answer[]) {
  const server = await planeThat((_operation, nth) => answers[Math.min(nth, answers.length) - 1] ?? {});
  return { server, ...connect(server.url) };
}

describe('a question', () => {
  it('goes out signed, and its answer keeps what we do not know', async () => {
    const workspace = {
      crn: CRN,
      instanceStatus: 'installation:finished',
      version: 7,
      newField: { a: 1 },
      endpoint: null,
    };
    const { server, plane, logged } = await inTurn({ json: { workspace, extra: true } });
    const key = { environmentName: 'env', workspaceName: 'ws' };
    const said = await plane.describeWorkspace(key);
    expect(said).toEqual({ crn: CRN, instanceStatus: 'installation:finished', version: undefined, newField: { a: 1 } });
    expect(server.seen).toEqual([
      {
        operation: 'describeWorkspace',
        body: key,
        headers: expect.objectContaining({
          ...{ 'content-type': 'application/json', connection: 'close' },
          'x-altus-date': expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/),
          'x-altus-auth': expect.stringMatching(/^[\w=-]+\.[\w=-]+$/),
        }),
      },
    ]);
    const facts = { operation: 'describeWorkspace', status: 200, requestId: 'r-1', ms: expect.any(Number) };
    expect(logged).toEqual([{ level: 'debug', facts }]);
  });

  it('takes lists that are not there for empty ones, and counts written as text', async () => {
    const server = await planeThat((operation) =>
      operation === 'listWorkspaces'
        ? { json: { workspaces: [{ crn: CRN, backupMetadata: { numberOfAvailableBackups: '3' } }] } }
        : {},
    );
    const { plane } = connect(server.url);
    expect((await plane.listWorkspaces())[0]?.backupMetadata?.numberOfAvailableBackups).toBe(3);
    expect(await plane.listWorkspaceBackups({ workspaceCrn: CRN })).toEqual([]);
    expect(await plane.getAuditEvents(CRN)).toEqual([]);
    expect(await plane.getLogs('r')).toEqual([]);
    expect(await plane.getLatestWorkspaceVersion()).toBeUndefined();
    expect(server.seen.at(-2)?.body).toEqual({ requestID: 'r', fetchAll: true });
  });

  it.each([
    ['429', { status: 429, headers: { 'retry-after': '0.01' } }],
    ['503', { status: 503, text: '<html>no healthy upstream</html>' }],
    ['509', { status: 509 }],
    ['a dropped connection', drop],
  ] as const)('is asked again after %s, signed anew', async (_what, bad) => {
    let minute = 0;
    const server = await planeThat((_operation, nth) => (nth < 3 ? bad : { json: { version: '2.0.1' } }));
    const { plane } = connect(server.url, { now: () => new Date(Date.UTC(2026, 10, 23, 12, minute++)) });
    expect(await plane.getLatestWorkspaceVersion()).toBe('2.0.1');
    expect(new Set(server.seen.map(({ headers }) => headers['x-altus-auth'])).size).toBe(3);
  });

  it('gives up after some tries, and says that it may pass', async () => {
    const { server, plane } = await inTurn({ status: 503 });
    const error: unknown = await plane.listWorkspaces().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'platform-unavailable', retryable: true });
    expect(explain(error)).toBe('The control plane is not able to answer now: request r-1: 503');
    expect(server.seen).toHaveLength(4);
  });

  it('ends at once when it is given up', async () => {
    const server = await planeThat(() => () => {});
    const ending = new AbortController();
    const asked = connect(server.url).plane.listWorkspaces({ signal: ending.signal });
    await expect.poll(() => server.seen.length).toBe(1);
    ending.abort(new Error('given up'));
    await expect(asked).rejects.toThrow('given up');
  });

  it('waits no longer for an answer than configured', async () => {
    const server = await planeThat(() => () => {});
    const { plane } = connect(server.url, { settings: { requestWithin: 300 } });
    const options = { code: 'platform-unavailable', message: expect.stringContaining('did not answer in time') };
    await expect(plane.listWorkspaces()).rejects.toMatchObject(options);
  });

  it('is answered right when many are asked at once', async () => {
    const server = await planeThat(() => (request, response) => {
      response.setHeader('content-type', 'application/json');
      setImmediate(() =>
        response.end(JSON.stringify({ backupCrn: BACKUP, backupName: request.headers['content-length'] })),
      );
    });
    const { plane } = connect(server.url);
    const names = Array.from({ length: 30 }, (_, at) => `crn:${'x'.repeat(at)}`);
    const said = await Promise.all(names.map((name) => plane.describeWorkspaceBackup(name)));
    const lengths = names.map((name) => String(JSON.stringify({ backupCrn: name }).length));
    expect(said.map(({ backupName }) => backupName)).toEqual(lengths);
  });
});

describe('an effect', () => {
  it.each([
    ['a dropped connection', drop],
    ['500', { status: 500, json: { code: 'INTERNAL', message: 'oops' } }],
    ['502 of something in between', { status: 502, text: '<html>Bad Gateway</html>' }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['509', { status: 509 }],
    ['an answer cut in the middle', { json: {}, headers: { 'content-length': '500' } }],
    ['a page instead of an answer', { text: '<html>welcome</html>' }],
    ['an answer without what matters', { json: { vaultName: 'v' } }],
  ] as const)('is sent once, and its answer is called lost, after %s', async (_what, bad) => {
    const { server, plane } = await inTurn(bad);
    await expect(plane.backupWorkspace(order)).rejects.toMatchObject({
      ...{ code: 'answer-lost', retryable: false, hint: expect.stringContaining('Look at the workspace') },
      message: 'backupWorkspace was sent to the control plane, and the answer was lost',
    });
    expect(server.operations()).toEqual(['backupWorkspace']);
  });

  it('is called lost when no answer comes in time', async () => {
    const server = await planeThat(() => () => {});
    const { plane } = connect(server.url, { settings: { requestWithin: 300 } });
    await expect(plane.deleteBackup(BACKUP)).rejects.toMatchObject({ code: 'answer-lost' });
    expect(server.seen).toHaveLength(1);
  });

  it('is sent again after 429, which did not take it', async () => {
    const { server, plane, logged } = await inTurn({ status: 429 }, { status: 429 }, { json: { backupCrn: BACKUP } });
    expect(await plane.backupWorkspace(order)).toEqual({ backupCrn: BACKUP, warnings: [] });
    expect(server.operations()).toEqual(['backupWorkspace', 'backupWorkspace', 'backupWorkspace']);
    expect(server.seen.at(-1)?.body).toEqual(order);
    expect(logged.at(-1)).toMatchObject({ level: 'info', facts: { operation: 'backupWorkspace', requestId: 'r-1' } });
  });

  it('is sent again when there was no connection, and not called lost', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const refused = connect(`http://127.0.0.1:${port}`).plane.backupWorkspace(order);
    await expect(refused).rejects.toMatchObject({
      ...{ code: 'platform-unavailable', retryable: true },
      message: `The control plane at 127.0.0.1:${port} refuses connections`,
    });
  });

  it('is not sent when it was given up before', async () => {
    const { server, plane } = await inTurn({ json: { backupCrn: BACKUP } });
    await expect(plane.backupWorkspace(order, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(server.seen).toEqual([]);
  });

  it('that was sent is waited for when it is given up, and its answer is not thrown away', async () => {
    let answer = () => {};
    const server = await planeThat(() => (_request, response) => {
      answer = () => response.end(JSON.stringify({ backupCrn: BACKUP }));
    });
    const ending = new AbortController();
    const sent = connect(server.url).plane.backupWorkspace(order, { signal: ending.signal });
    await expect.poll(() => server.seen.length).toBe(1);
    ending.abort(new Error('given up'));
    answer();
    expect(await sent).toMatchObject({ backupCrn: BACKUP });
  });

  it('given up between two tries is not sent again', async () => {
    const { server, plane } = await inTurn({ status: 429, headers: { 'retry-after': '20' } });
    const ending = new AbortController();
    const sent = plane.backupWorkspace(order, { signal: ending.signal });
    await expect.poll(() => server.seen.length).toBe(1);
    ending.abort(new Error('given up'));
    await expect(sent).rejects.toThrow('given up');
    expect(server.seen).toHaveLength(1);
  });
});
