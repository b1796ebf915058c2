import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../../commands/commands.ts';
import { errorJson } from '../../../src/chat/terminal/render.ts';
import { isAppError } from '../../../src/errors.ts';
import {
  audit,
  backups,
  begun,
  cancelled,
  changedSchedules,
  decided,
  findings,
  fired,
  oneBackup,
  oneOperation,
  oneRequest,
  operations,
  plannedBackup,
  plannedDelete,
  plannedRestore,
  postponed,
  requests,
  retention,
  schedules,
  started,
  workspaces,
} from '../../../src/web/api/shapes.ts';
import { makeBackup, makeOperation, makeRequest, momentAfter } from '../../fakes/records.ts';
import { alice } from '../../orchestrator/door.ts';
import { makeScheduled } from '../../orchestrator/upkeep.ts';
import { openWebDoor, type WebDoor } from '../web-door.ts';
import { type Program, programOf, readBy, refusalOf } from './api-client.ts';

let door: WebDoor;
let asAlice: Program;
let asBob: Program;
beforeEach(async () => {
  door = await openWebDoor();
  asAlice = programOf(door, 'alice');
  asBob = programOf(door, 'bob');
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

/** What the terminal prints with `--json` for the same word, said now by alice. */
async function printed(word: string, given: object): Promise<unknown> {
  const command = commands.find((one) => one.word === word);
  try {
    return (await command?.run({ orchestrator: door.orchestrator, person: alice }, command.input.parse(given)))?.json;
  } catch (error) {
    if (isAppError(error)) return errorJson(error);
    throw error;
  }
}

async function finish(): Promise<void> {
  for (const running of door.orchestrator.running()) await door.drive(running.ended);
}

describe('what can be looked at', () => {
  test('is what the terminal prints, word for word', async () => {
    const id = await door.backUp();
    door.setUpkeep({ schedules: [makeScheduled('nightly', { when: '0 1 * * *' })] });
    await door.catalog.requests.save(makeRequest({ backupId: id }));
    const operation = id.replace('bkp_', 'op_');
    const [request] = (await door.catalog.requests.list()).map((one) => one.id);
    const looks = [
      ['/workspaces', workspaces, 'status', {}],
      ['/workspaces/team-ml', workspaces, 'status', { subject: 'team-ml' }],
      ['/workspaces/team-ml/check', findings, 'check', { workspace: 'team-ml' }],
      ['/workspaces/team-ml/retention', retention, 'list', { workspace: 'team-ml', retention: true }],
      ['/workspaces/team-ml/schedules', schedules, 'schedule', { what: 'show', workspace: 'team-ml' }],
      ['/schedules', schedules, 'schedule', {}],
      [`/backups/${id}`, oneBackup, 'status', { subject: id }],
      [`/operations/${operation}`, oneOperation, 'status', { subject: operation }],
      [`/requests/${request}`, oneRequest, 'status', { subject: request }],
      ['/backups', backups, 'list', {}],
      ['/operations', operations, 'list', { operations: true }],
    ] as const;
    for (const [path, schema, word, given] of looks) {
      const heard = await asBob.get(path);
      expect([path, heard.status]).toEqual([path, 200]);
      expect([path, readBy(schema, heard)]).toEqual([path, await printed(word, given)]);
    }
    expect(readBy(audit, await asBob.get('/audit')).entries[0]?.did).toBe('backup asked');
    expect(readBy(requests, await asBob.get('/requests?status=pending')).requests).toHaveLength(1);
  });

  test('is sent again only when it is another than before', async () => {
    await door.backUp();
    const first = await asAlice.get('/backups');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const same = await asAlice.get('/backups', { 'if-none-match': `"other", ${etag}` });
    expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
    await door.catalog.backups.save(makeBackup());
    const changed = await asAlice.get('/backups', { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });
});

describe('a list', () => {
  const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);

  test('of backups is filtered, sorted and paged', async () => {
    for (let count = 0; count < 25; count += 1) {
      const workspace = count % 2 === 0 ? 'team-ml' : 'other';
      const takenAt = momentAfter(count);
      await door.catalog.backups.save(makeBackup({ takenAt, workspace, bytes: (count * 7) % 25 }));
    }
    const seen: string[] = [];
    let cursor: string | undefined = '';
    for (let pages = 0; cursor !== undefined; pages += 1) {
      expect(pages).toBeLessThan(4);
      const query: string = `limit=10&order=bytes&direction=up${cursor ? `&cursor=${cursor}` : ''}`;
      const page = readBy(backups, await asAlice.get(`/backups?${query}`));
      seen.push(...page.backups.map(({ bytes }) => String(bytes)));
      cursor = page.next;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, bytes) => String(bytes)));
    const few = readBy(backups, await asAlice.get(`/backups?workspace=other&from=${momentAfter(20)}`));
    expect(few.backups).toHaveLength(2);
    const before = readBy(backups, await asAlice.get(`/backups?before=${momentAfter(2)}`));
    expect(before.backups).toHaveLength(2);
  });

  test('of operations and requests is paged to its end, nothing twice', async () => {
    for (let count = 0; count < 7; count += 1) {
      const operation = makeOperation({ startedAt: momentAfter(count >> 1), status: 'succeeded' });
      await door.catalog.operations.save(operation);
      if (count !== 3) await door.catalog.operations.close(operation.id);
      await door.catalog.requests.save(makeRequest({ askedAt: momentAfter(count >> 1) }));
    }
    const pagesOf = async (
      path: string,
      read: (heard: Awaited<ReturnType<Program['get']>>) => [string[], string | undefined],
    ) => {
      const seen: string[][] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined && seen.length < 9; ) {
        const heard = await asAlice.get(`${path}?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
        const [found, next] = read(heard);
        seen.push(found);
        cursor = next;
      }
      return seen;
    };
    const known = await door.catalog.operations.list();
    const ofOperations = await pagesOf('/operations', (heard) => {
      const page = readBy(operations, heard);
      return [ids(page.operations), page.next];
    });
    expect(ofOperations.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(ofOperations.flat()).toEqual(ids(known));
    const ofRequests = await pagesOf('/requests', (heard) => {
      const page = readBy(requests, heard);
      return [ids(page.requests), page.next];
    });
    expect(ofRequests.flat()).toEqual(ids(await door.catalog.requests.list()));
  });

  test('says of each field what is wrong with it', async () => {
    const refusals = [
      ['/backups?limit=0', 'limit'],
      ['/backups?limit=many', 'limit'],
      ['/backups?order=__proto__', 'order'],
      ['/backups?from=yesterday', 'from'],
      ['/backups?colour=red', 'colour'],
      ['/operations?workspace=../x', 'workspace'],
      ['/requests?status=lost', 'status'],
    ] as const;
    for (const [path, field] of refusals) {
      const { status, code, errors } = refusalOf(await asAlice.get(path));
      expect([path, status, code, errors?.map((one) => one.field)]).toEqual([path, 400, 'bad-input', [field]]);
    }
    for (const list of ['/backups', '/operations', '/requests']) {
      expect(refusalOf(await asAlice.get(`${list}?cursor=x`)).code).toBe('bad-input');
    }
  });
});

describe('a change', () => {
  test('says the word that people say, and tells where to look', async () => {
    const begins = await asAlice.post('/workspaces/team-ml/backup', { reason: 'before the upgrade', notice: '10m' });
    const { operation } = readBy(begun, begins);
    expect(begins.status).toBe(202);
    expect(begins.headers.get('location')).toBe(`/api/v1/operations/${operation.id}`);
    expect(operation.reason).toBe('before the upgrade');
    await door.settle(async () => {
      const { stopsAt } = readBy(oneOperation, await asBob.get(`/operations/${operation.id}`)).operation;
      return stopsAt !== undefined;
    });
    readBy(postponed, await asBob.post(`/operations/${operation.id}/postpone`, { by: '15m' }));
    readBy(cancelled, await asAlice.post(`/operations/${operation.id}/cancel`, { reason: 'not now' }));
    await finish();
    expect(readBy(oneOperation, await asBob.get(`/operations/${operation.id}`)).operation.status).toBe('cancelled');
    const stopped = await asAlice.post('/workspaces/team-ml/start');
    expect(readBy(started, stopped).workspace).toBe('team-ml');
  });

  test('only shows what it would do when that is asked', async () => {
    const id = await door.backUp();
    const dry = { dryRun: true };
    expect(readBy(plannedBackup, await asAlice.post('/workspaces/team-ml/backup', dry)).plan.workspace).toBe('team-ml');
    expect(readBy(plannedRestore, await asAlice.post(`/backups/${id}/restore`, dry)).plan.backupId).toBe(id);
    expect(readBy(plannedDelete, await asAlice.post(`/backups/${id}/delete`, dry)).plan.backupId).toBe(id);
    expect(await door.catalog.requests.list()).toEqual([]);
  });

  test('a restore is asked for, approved by another and undone; the requester is refused', async () => {
    const id = await door.backUp();
    const asked = await asAlice.post(`/backups/${id}/restore`, { confirm: 'team-ml', now: true });
    const { request } = readBy(oneRequest, asked);
    expect([asked.status, asked.headers.get('location')]).toEqual([201, `/api/v1/requests/${request.id}`]);
    const own = refusalOf(await asAlice.post(`/requests/${request.id}/approve`));
    expect([own.status, own.code]).toEqual([403, 'own-approval']);
    const approved = readBy(decided, await asBob.post(`/requests/${request.id}/approve`, { reason: 'go on' }));
    expect(['approved', 'used']).toContain(approved.request.status);
    await finish();
    const restored = approved.operation?.id ?? '';
    expect(readBy(oneOperation, await asBob.get(`/operations/${restored}`)).restore?.status).toBe('succeeded');
    const late = refusalOf(await asBob.post(`/requests/${request.id}/deny`, { reason: 'too late' }));
    expect([late.status, late.code]).toEqual([409, 'not-pending']);
    const undo = readBy(oneRequest, await asAlice.post(`/operations/${restored}/undo`, { confirm: 'team-ml' }));
    expect(readBy(cancelled, await asAlice.post(`/requests/${undo.request.id}/cancel`))).toMatchObject({
      request: { status: 'withdrawn' },
    });
  });

  test('pins, verifies and deletes', async () => {
    const id = await door.backUp();
    const pinned = readBy(oneBackup, await asAlice.post(`/backups/${id}/pin`, { reason: 'the last of 1.4' }));
    expect(pinned.backup.pinned?.reason).toBe('the last of 1.4');
    expect(readBy(oneBackup, await asAlice.post(`/backups/${id}/unpin`)).backup.pinned).toBeUndefined();
    readBy(begun, await asAlice.post(`/backups/${id}/verify`));
    await finish();
    const { request } = readBy(oneRequest, await asAlice.post(`/backups/${id}/delete`, { confirm: 'team-ml' }));
    expect(readBy(decided, await asBob.post(`/requests/${request.id}/deny`, { reason: 'no' })).request.status).toBe(
      'denied',
    );
  });

  test('pauses, resumes, skips and runs a schedule', async () => {
    door.setUpkeep({ schedules: [makeScheduled('nightly', { when: '0 1 * * *' })] });
    const say = (what: string, body?: object) => asAlice.post(`/workspaces/team-ml/schedules/${what}`, body);
    const { schedules: paused } = readBy(changedSchedules, await say('pause', { reason: 'a move' }));
    expect(paused[0]?.state.paused?.reason).toBe('a move');
    readBy(changedSchedules, await say('resume', { name: 'nightly' }));
    expect(readBy(changedSchedules, await say('skip')).schedules[0]?.state.skip?.by).toBe('alice');
    expect(readBy(fired, await say('run')).status).toBe('launched');
    await door.settle(() => door.orchestrator.running().length > 0);
    expect(refusalOf(await say('resume', { name: 'weekly' })).code).toBe('unknown-schedule');
  });
});

describe('what is refused', () => {
  test('is refused in the words of the terminal', async () => {
    const first = await asAlice.post('/workspaces/team-ml/backup', {});
    expect(first.status).toBe(202);
    const busy = refusalOf(await asAlice.post('/workspaces/team-ml/backup', {}));
    expect(busy).toMatchObject({ type: 'about:blank', title: 'Conflict', status: 409 });
    const { detail: message, code, hint } = busy;
    expect({ error: { code, message, hint, exitCode: 3 } }).toEqual(await printed('backup', { workspace: 'team-ml' }));
    expect(refusalOf(await asAlice.get('/workspaces/team-mk'))).toMatchObject({
      status: 404,
      code: 'unknown-workspace',
    });
    expect(refusalOf(await asAlice.get('/backups/bkp_0000000000'))).toMatchObject({ status: 404 });
    expect(refusalOf(await asAlice.get('/backups/..%2f..%2fx')).status).toBe(404);
    expect(refusalOf(await asAlice.get('/nowhere')).status).toBe(404);
    expect(refusalOf(await asAlice.post('/backups', {})).status).toBe(404);
    expect(refusalOf(await asAlice.get('/operations/op_0000000000/events'))).toMatchObject({
      status: 404,
      code: 'unknown-operation',
    });
  });

  test('by what was sent: its fields, its kind and its size', async () => {
    const to = '/workspaces/team-ml/backup';
    const wrong = refusalOf(await asAlice.post(to, { notice: 'soon', now: 'yes', colour: 'red', workspace: 'other' }));
    expect([wrong.status, wrong.errors?.map(({ field }) => field).sort()]).toEqual([
      400,
      ['colour', 'notice', 'now', 'workspace'],
    ]);
    expect(refusalOf(await asAlice.post(to, '{"now": tr')).status).toBe(400);
    expect(refusalOf(await asAlice.post(to, '[1]')).status).toBe(400);
    expect(refusalOf(await asAlice.post(to, 'now=yes', { 'content-type': 'text/plain' })).status).toBe(415);
    expect(refusalOf(await asAlice.post(to, { reason: 'x'.repeat(70_000) })).status).toBe(413);
    expect(door.orchestrator.running()).toEqual([]);
  });

  test('to whoever is not known, is not from here or has no right to it', async () => {
    expect(refusalOf(await programOf(door, 'mallory').get('/backups'))).toMatchObject({
      status: 401,
      code: 'token-needed',
    });
    const to = '/workspaces/team-ml/backup';
    for (const csrf of ['', 'csrf of bob']) {
      const refused = refusalOf(await asAlice.post(to, {}, { 'x-csrf-token': csrf }));
      expect([csrf, refused.status]).toEqual([csrf, 403]);
    }
    const bare = await fetch(`${door.origin}/api/v1${to}`, { method: 'POST', headers: { 'x-test-person': 'alice' } });
    expect([bare.status, bare.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
    expect(refusalOf(await asAlice.post(to, {}, { origin: 'https://elsewhere.example' })).status).toBe(403);
    door.setPolicy({ operators: ['carol'] });
    expect(refusalOf(await asAlice.post(to, {}))).toMatchObject({ status: 403, code: 'not-allowed' });
    expect(door.orchestrator.running()).toEqual([]);
  });

  test('when it is tried too often', async () => {
    const answers = await Promise.all(Array.from({ length: 61 }, () => asAlice.post('/backups/bkp_0000000000/unpin')));
    const [late] = answers.filter(({ status }) => status === 429);
    if (!late) throw new Error('nothing was too often');
    expect(refusalOf(late).code).toBe('too-often');
    expect(late.headers.get('retry-after')).toBe('1');
  });
});
