import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CLIENT, openRealIssuer, type RealIssuer } from '../web/auth/real-issuer.ts';
import { freePort } from '../workspace/local/bench.ts';
import { type Begun, type Bench, makeBench } from './bench.ts';
import { curl } from './curl.ts';
import { until } from './processes.ts';

vi.setConfig({ testTimeout: 60_000 });

let bench: Bench;
let issuer: RealIssuer;
let server: Begun;
let origin: string;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  issuer = await openRealIssuer();
  issuer.knows(origin, {
    bobs: { email: 'bob@example.org', email_verified: true },
    evas: { preferred_username: 'eva', groups: ['auditors'] },
    mallorys: { preferred_username: 'mallory' },
  });
  const oidc = { issuer: issuer.url, clientId: CLIENT.id, clientSecretEnvironment: 'PAGE_SECRET', matchByEmail: true };
  bench = await makeBench({
    people: { bob: { email: 'bob@example.org' } },
    more: { web: { port, oidc: { ...oidc, groups: { auditors: ['read'] } } } },
  });
  server = await bench.serve([], { environment: { PAGE_SECRET: CLIENT.secret } });
});

afterAll(async () => {
  await bench?.dispose();
  await issuer?.close();
});

const jar = (name: string) => bench.at(`${name}.cookies`);
const browse = (name: string, path: string, ...more: string[]) =>
  curl(['-b', jar(name), '-c', jar(name), ...more, new URL(path, origin).href]);
const bearer = (token: string, path: string, ...more: string[]) =>
  curl(['-H', `Authorization: Bearer ${token}`, ...more, new URL(path, origin).href]);

async function signIn(name: string, login: string) {
  const begun = await browse(name, '/login/oidc?next=/requests');
  const back = await issuer.walk(begun.headers.get('location') ?? '', login);
  return browse(name, back.href);
}

describe('a real server with an issuer', () => {
  test('lets somebody approve who was signed in there, and never who is only in a group that may look', async () => {
    expect((await bench.say(['backup', 'team-ml'])).exitCode).toBe(0);
    const [backup = ''] = /bkp_\w+/.exec((await bench.say(['list'])).stdout) ?? [];
    const { stdout } = await bench.say(['delete', backup, '--confirm', 'team-ml', '--json']);
    const [request = ''] = /req_\w+/.exec(stdout) ?? [];
    expect([backup, request]).not.toContain('');
    const approve = `/requests/${request}/approve`;
    const csrfOf = async (name: string) =>
      /name="csrf" value="([^"]+)"/.exec((await browse(name, `/requests/${request}`)).text)?.[1] ?? '';

    expect((await signIn('eva', 'evas')).headers.get('location')).toBe('/requests');
    const page = await browse('eva', `/requests/${request}`);
    expect([page.text.includes('<span>eva@127.0.0.1</span>'), page.text.includes(approve)]).toEqual([true, false]);
    const tried = await browse('eva', approve, '-d', `csrf=${await csrfOf('eva')}`);
    expect([tried.status, tried.text.includes('it takes the scope')]).toEqual([403, true]);

    expect((await signIn('bob', 'bobs')).headers.get('location')).toBe('/requests');
    expect((await browse('bob', approve, '-d', `csrf=${await csrfOf('bob')}`)).status).toBe(303);
    await until('the deletion has ended', async () =>
      (await bench.operations('ended')).find(({ kind }) => kind === 'delete'),
    );
    const trail = (await readFile(bench.at('cml-data/audit.jsonl'), 'utf8')).trim().split('\n');
    const approved = trail.map((line) => JSON.parse(line)).find(({ did }) => did === 'approved');
    expect(approved.by).toEqual({ name: 'bob', proof: 'oidc', oidc: 'bobs' });
  });

  test('turns away who is not known, and its log and its files tell nothing that is secret', async () => {
    const refused = await signIn('mallory', 'mallorys');
    expect([refused.status, refused.text.includes('mallory, who is not known here.')]).toEqual([403, true]);
    expect((await browse('mallory', '/requests')).status).toBe(401);
    const files = ['server.log', 'audit.jsonl', 'web-sessions.json'];
    const texts = await Promise.all(files.map((file) => readFile(bench.at('cml-data', file), 'utf8')));
    expect(texts[1]).toContain('login refused');
    for (const text of texts) expect(text).not.toMatch(/eyJ[\w-]+\.|the secret of the page/);
  });

  test('takes the token of a program for what it may, until it is revoked', async () => {
    const made = await bench.sayJson(['token', 'bob', '--scope', 'read', '--expires', '90d', '--name', 'ci']);
    const { token } = made.answer;
    expect((await bearer(token, '/api/v1/backups')).status).toBe(200);
    expect((await bearer(token, '/workspaces/team-ml/backup', '-d', 'x=1')).status).toBe(403);
    expect((await bench.sayJson(['token', '--list'])).answer.tokens).toEqual([
      expect.objectContaining({ person: 'bob', name: 'ci', scopes: ['read'], isOver: false }),
    ]);
    expect((await bench.say(['token', 'bob', '--revoke', 'ci'])).exitCode).toBe(0);
    expect((await bearer(token, '/api/v1/backups')).status).toBe(401);
    server.kill('SIGTERM');
    await server.ended;
  });
});
