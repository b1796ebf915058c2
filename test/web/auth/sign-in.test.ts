import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { takesPkce } from '../../../src/web/auth/oidc/issuer.ts';
import { type AuthDoor, type AuthDoorOptions, type Heard, openAuthDoor } from '../auth-door.ts';
import { type Accounts, CLIENT, openRealIssuer, type RealIssuer } from './real-issuer.ts';

const SLACK = { 'https://slack.com/user_id': 'U0ALICE', 'https://slack.com/team_id': 'T0' };
const accounts: Accounts = {
  'sub-of-alice': { preferred_username: 'ali', ...SLACK },
  'sub-of-bob': { email: 'Bob@Example.org', email_verified: true },
  'sub-of-carol': {},
  'sub-of-dana': { preferred_username: 'alice', groups: ['ml', 'auditors', '__proto__'] },
  'sub-of-eve': { email: 'bob@example.org', email_verified: false },
  'sub-of-frank': { ...SLACK, 'https://slack.com/team_id': 'T0OTHER' },
  'sub-of-gina': { ...SLACK, email: 'bob@example.org', email_verified: true },
};

let issuer: RealIssuer;
let door: AuthDoor;
beforeEach(async () => {
  issuer = await openRealIssuer();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
  await issuer.close();
});

/** The page, whose people and whose issuer know each other. */
async function open(oidc: object = {}, options: AuthDoorOptions = { team: 'T0' }): Promise<void> {
  const settings = {
    issuer: issuer.url,
    clientId: CLIENT.id,
    clientSecretEnvironment: 'SECRET',
    name: 'Work',
    ...oidc,
  };
  door = await openAuthDoor({ oidc: settings }, { environment: { SECRET: CLIENT.secret }, ...options });
  issuer.knows(door.origin, accounts);
  Object.assign(door.people, {
    alice: { uid: 1000, slack: 'U0ALICE' },
    bob: { uid: 1001, email: 'bob@example.org' },
    carol: { oidc: 'sub-of-carol' },
  });
}

interface Came {
  /** What the page answered to who came back. */
  readonly back: Heard;
  readonly cookie: string;
}

/** As a browser does it, from the button to the page. */
async function signIn(login: string, next = '/audit'): Promise<Came> {
  const begun = await door.ask(`/login/oidc?next=${encodeURIComponent(next)}`);
  expect(begun.status).toBe(302);
  const cookie = cookiesOf(begun);
  const came = await issuer.walk(begun.headers.location ?? '', login);
  expect(came.origin).toBe(door.origin);
  const back = await door.ask(`${came.pathname}${came.search}`, { headers: { cookie } });
  return { back, cookie: cookiesOf(back) };
}

/** What a browser would keep. */
function cookiesOf({ headers }: Heard): string {
  const kept = (headers['set-cookie'] ?? []).filter((set) => !/max-age=0/i.test(set));
  return kept.map((set) => set.split(';')[0]).join('; ');
}

const who = async (cookie: string) =>
  /<span>([^<]+)<\/span>/.exec((await door.ask('/audit', { headers: { cookie } })).text)?.[1];

describe('signing in elsewhere', () => {
  test.each([
    ['by the account in Slack', 'sub-of-alice', 'alice', {}],
    ['by the subject', 'sub-of-carol', 'carol', {}],
    ['by a verified address where that is allowed', 'sub-of-bob', 'bob', { matchByEmail: true }],
  ])('makes somebody the person that they are, %s', async (_, login, name, oidc) => {
    await open(oidc);
    const { back, cookie } = await signIn(login, '/backups?sort=size');
    expect([back.status, back.headers.location]).toEqual([303, '/backups?sort=size']);
    expect(await who(cookie)).toBe(name);
    const { entries } = await door.orchestrator.pageAudit({ limit: 5 });
    expect(entries).toEqual([
      expect.objectContaining({
        did: 'logged in',
        by: { name, proof: 'oidc', oidc: login },
        reason: expect.any(String),
      }),
    ]);
  });

  test.each([
    ['an address where nothing is said of it', 'sub-of-bob', {}, 'Bob@Example.org'],
    ['an address that is not verified', 'sub-of-eve', { matchByEmail: true }, 'sub-of-eve'],
    ['an account of another Slack workspace', 'sub-of-frank', {}, 'U0ALICE'],
  ])('is refused in one sentence to who comes with %s, and is written down', async (_, login, oidc, shown) => {
    await open(oidc);
    const { back, cookie } = await signIn(login);
    expect(back.status).toBe(403);
    expect(back.text).toContain(`Work says that you are ${shown}, who is not known here.`);
    expect(back.text).toContain('{ oidc: ');
    expect(await who(cookie)).toBeUndefined();
    const { entries } = await door.orchestrator.pageAudit({ limit: 5 });
    expect(entries).toEqual([
      expect.objectContaining({ did: 'login refused', by: { name: 'somebody', proof: 'none' } }),
    ]);
    expect(entries[0]?.reason).toContain(shown);
  });

  test('is refused to who could be two people, and to an account where no Slack workspace is named', async () => {
    await open({ matchByEmail: true });
    expect((await signIn('sub-of-gina')).back.text).toContain('You could be alice or bob');
    await door.dispose();
    await open({}, {});
    expect((await signIn('sub-of-alice')).back.status).toBe(403);
  });

  test('gives who is in a group what the group may, under a name that is nobody else’s', async () => {
    await open({ groups: { auditors: ['read'], others: ['write'] } });
    const { back, cookie } = await signIn('sub-of-dana');
    expect([back.status, await who(cookie)]).toEqual([303, 'alice@127.0.0.1']);
    const { text } = await door.ask('/', { headers: { cookie } });
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const change = await door.ask('/workspaces/team-ml/start', { headers: { cookie }, fields: { csrf } });
    expect([change.status, change.text.includes('it takes the scope &quot;write&quot;')]).toEqual([403, true]);
  });

  test('lasts as long as it is told to, and not longer than the person is the same', async () => {
    await open({ signInAgainAfter: '1h' });
    const first = await signIn('sub-of-carol');
    await door.again();
    expect(await who(first.cookie)).toBe('carol');
    door.letPass(3_600_000);
    expect(await who(first.cookie)).toBeUndefined();
    const second = await signIn('sub-of-carol');
    door.people.carol = { oidc: 'sub-of-carol', uid: 7 };
    expect(await who(second.cookie)).toBeUndefined();
  });

  test('ends there too, by a page and not by the form', async () => {
    await open();
    const { cookie } = await signIn('sub-of-carol');
    const csrf = /name="csrf" value="([^"]+)"/.exec((await door.ask('/', { headers: { cookie } })).text)?.[1] ?? '';
    const out = await door.ask('/logout', { headers: { cookie }, fields: { csrf } });
    expect([out.status, out.text.includes('Log out at Work too')]).toEqual([200, true]);
    const there = new URL(/^0; url=(.+)$/.exec(String(out.headers.refresh))?.[1] ?? '');
    expect([there.origin, there.searchParams.get('post_logout_redirect_uri')]).toEqual([
      issuer.url,
      `${door.origin}/login`,
    ]);
    expect((await fetch(there)).status).toBe(200);
    expect(await who(cookie)).toBeUndefined();
  });

  test('outlives a restart of the server in the middle of it', async () => {
    await open();
    const begun = await door.ask('/login/oidc');
    await door.again();
    const came = await issuer.walk(begun.headers.location ?? '', 'sub-of-carol');
    const back = await door.ask(`${came.pathname}${came.search}`, { headers: { cookie: cookiesOf(begun) } });
    expect([back.status, await who(cookiesOf(back))]).toEqual([303, 'carol']);
  });

  test('is offered where people log in, and is told of when the issuer cannot be reached', async () => {
    await open({ issuer: 'http://127.0.0.1:9' });
    expect((await door.ask('/audit')).text).toContain('href="/login/oidc?next=%2Faudit"');
    const { status, text } = await door.ask('/login/oidc');
    expect([status, text.includes('Nobody can sign in at Work now.')]).toEqual([503, true]);
  });

  test('is not there where none is configured', async () => {
    door = await openAuthDoor();
    expect((await door.ask('/login')).text).not.toContain('Sign in with');
    expect((await door.ask('/login/oidc')).status).toBe(401);
  });
});

test.each([
  ['https://slack.com', false],
  ['https://slack-gov.com', false],
  ['https://login.example.org/realms/ml', true],
  ['https://slack.com.example.org', true],
])('%s is told a verifier: %s', (url, isTold) => {
  expect(takesPkce(url)).toBe(isTold);
});

describe('an issuer behind a certificate of its own', () => {
  let folder: string;
  let ca: string;
  let tls: { key: string; cert: string };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cml-ca-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const of = ['-subj', '/CN=issuer', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...made, ...of], { stdio: 'ignore' });
    ca = cert;
    tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    await issuer.close();
    issuer = await openRealIssuer(tls);
  });

  test('is believed with that certificate and a secret from a file, and not without', async () => {
    const clientSecretFile = join(folder, 'secret');
    await writeFile(clientSecretFile, `${CLIENT.secret}\n`);
    await open({ clientSecretFile, clientSecretEnvironment: undefined, caFile: ca });
    const begun = await door.ask('/login/oidc');
    expect([begun.status, begun.headers.location?.startsWith(issuer.url)]).toEqual([302, true]);
    await door.dispose();
    await open();
    expect((await door.ask('/login/oidc')).status).toBe(503);
  });
});
