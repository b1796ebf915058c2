import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../../../src/log.ts';
import type { Person } from '../../../src/records/person.ts';
import { everyScope } from '../../../src/records/scope.ts';
import { createBuckets } from '../../../src/web/auth/bucket.ts';
import { createSessionCookie } from '../../../src/web/auth/cookie.ts';
import { createLinks } from '../../../src/web/auth/links.ts';
import { openSessionFiles } from '../../../src/web/auth/session-files.ts';
import { createSessions } from '../../../src/web/auth/sessions.ts';

const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
let folder: string;
let nowMs: number;
let warnings: unknown[];
const clock = { now: () => new Date(nowMs), sleep: async () => undefined };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-sessions-'));
  nowMs = Date.parse('2026-03-01T12:00:00Z');
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open() {
  const log = { warn: (...said: unknown[]) => warnings.push(said) } as unknown as Log;
  const files = await openSessionFiles(folder, log);
  return { ...createSessions({ files, clock, log }), files };
}

describe('sessions', () => {
  test('outlive the server, and their ids are written nowhere', async () => {
    const first = await open();
    const id = await first.begin(alice, 'uid:1000');
    const csrf = first.find(id, true)?.csrf;
    const next = await open();
    expect(next.find(id, true)).toEqual({ person: alice, standing: 'uid:1000', scopes: everyScope, csrf });
    expect(await readFile(join(folder, 'web-sessions.json'), 'utf8')).not.toContain(id);
    await next.end(id);
    expect((await open()).find(id, true)).toBeUndefined();
  });

  test('are kept as used, and end by age although they are', async () => {
    const { begin, find } = await open();
    const id = await begin(alice, 'uid:1000');
    nowMs += 7 * 3_600_000;
    expect(find(id, true)).toBeDefined();
    await expect.poll(async () => readFile(join(folder, 'web-sessions.json'), 'utf8')).toContain('T19:00:00.000Z');
    nowMs += 7 * 3_600_000;
    expect((await open()).find(id, false)).toBeDefined();
    expect(find(id, false)).toBeDefined(); // by a page that is left open: no use
    nowMs += 3_600_000;
    expect(find(id, true)).toBeUndefined();
  });

  test('may be for less and end sooner, also in the next life', async () => {
    const { begin } = await open();
    const id = await begin(alice, 'oidc:x', { scopes: ['read'], longestMs: 60_000 });
    nowMs += 59_999;
    const { find } = await open();
    expect(find(id, true)?.scopes).toEqual(['read']);
    nowMs += 1;
    expect(find(id, true)).toBeUndefined();
  });

  test('from before there were scopes have them all', async () => {
    const first = await open();
    const id = await first.begin(alice, 'uid:1000');
    const path = join(folder, 'web-sessions.json');
    const { sessions } = JSON.parse(await readFile(path, 'utf8'));
    const former = sessions.map(({ scopes: _, endsAt: __, ...session }: Record<string, unknown>) => session);
    await writeFile(path, JSON.stringify({ sessions: former }));
    expect((await open()).find(id, true)?.scopes).toEqual(everyScope);
  });

  test('are bounded for each person, and the one unused for longest goes', async () => {
    const { begin, find, files } = await open();
    const ids: string[] = [];
    for (let at = 0; at < 21; at += 1) {
      nowMs += 1_000;
      ids.push(await begin(alice, 'uid:1000'));
    }
    expect(ids.map((id) => find(id, true) !== undefined)).toEqual([false, ...Array(20).fill(true)]);
    expect(files.key).toMatch(/^[\w-]{43}$/);
  });

  test('are begun at once by many without one being lost', async () => {
    const { begin } = await open();
    const ids = await Promise.all(Array.from({ length: 10 }, () => begin(alice, 'uid:1000')));
    const { find } = await open();
    expect(ids.every((id) => find(id, true))).toBe(true);
  });

  test.each([
    ['web-sessions.json', '{"sessions": [{"ha'],
    ['web-sessions.json', '{"sessions": [{"hash": "x"}]}'],
    ['web.key', 'short'],
  ])('that cannot be read (%s: %s) cost a login and no more', async (file, text) => {
    const first = await open();
    const id = await first.begin(alice, 'uid:1000');
    await writeFile(join(folder, file), text);
    const next = await open();
    const isKnown = next.files.key === first.files.key && next.find(id, true) !== undefined;
    expect([isKnown, warnings.length]).toEqual([false, file === 'web.key' ? 0 : 1]);
    expect(next.find(await next.begin(alice, 'uid:1000'), true)).toBeDefined();
  });

  test('that cannot be kept are not begun, and it is said why', async () => {
    const { begin } = await open();
    await rm(folder, { recursive: true });
    await expect(begin(alice, 'uid:1000')).rejects.toMatchObject({ code: 'server-unavailable' });
  });
});

test('the cookie is sealed, and bound to https where people come by it', async () => {
  const plain = createSessionCookie({ url: undefined, port: 8443 }, 'key');
  const set = await plain.write('an id');
  expect(set).toMatch(/^cml_8443=.*; Max-Age=259200; Path=\/; HttpOnly; SameSite=Lax$/);
  const safe = createSessionCookie({ url: 'https://catalog.example.org', port: 8443 }, 'key');
  expect(await safe.write('an id')).toMatch(/^__Host-cml=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const reading = (cookie: string) => plain.read(new Request('http://localhost', { headers: { cookie } }));
  expect(await reading(`other=1; ${set.split(';')[0]}`)).toBe('an id');
  expect(await reading(set.split(';')[0]?.replace('an%20id', 'another') ?? '')).toBeUndefined();
});

test('links are bounded for each person', () => {
  const links = createLinks(clock);
  const made = Array.from({ length: 6 }, () => links.make(alice).link);
  expect(made.map((link) => links.look(link)?.name)).toEqual([undefined, ...Array(5).fill('alice')]);
});

test('what strangers make us count is bounded', () => {
  const buckets = createBuckets({ most: 1, refillMs: 1_000, now: () => nowMs });
  buckets.take('first');
  expect(() => buckets.check('first')).toThrow('too often');
  for (let at = 0; at < 10_000; at += 1) buckets.take(`other ${at}`);
  expect(() => buckets.check('first')).not.toThrow();
  expect(() => buckets.check('other 9999')).toThrow('too often');
  nowMs += 1_000;
  expect(() => buckets.check('other 9999')).not.toThrow();
});
