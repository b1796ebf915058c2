import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { createAttackTable } from './attack-table.ts';
import { type BadIssuer, openBadIssuer } from './auth/bad-issuer.ts';
import { CLIENT, openRealIssuer } from './auth/real-issuer.ts';
import { type AuthDoor, type Heard, openAuthDoor } from './auth-door.ts';

const SECRET = 'a secret that is long enough to sign with it';

let issuer: BadIssuer;
let door: AuthDoor;
beforeEach(async () => {
  issuer = await openBadIssuer();
  const oidc = { issuer: issuer.url, clientId: CLIENT.id, clientSecretEnvironment: 'SECRET' };
  door = await openAuthDoor({ oidc }, { environment: { SECRET } });
  Object.assign(door.people, { alice: { oidc: 'of alice' } });
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
  await issuer.close();
});

const { tried, refused, print } = createAttackTable();
afterAll(print);

interface Begun {
  readonly cookie: string;
  readonly state: string;
  readonly nonce: string;
}

async function begin(next = '/audit'): Promise<Begun> {
  const { headers } = await door.ask(`/login/oidc?next=${encodeURIComponent(next)}`);
  const asked = new URL(headers.location ?? '').searchParams;
  const verifying = [
    asked.get('code_challenge_method'),
    asked.get('code_challenge')?.length,
    asked.get('response_type'),
  ];
  expect(verifying).toEqual(['S256', 43, 'code']);
  return {
    cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '',
    state: asked.get('state') ?? '',
    nonce: asked.get('nonce') ?? '',
  };
}

/** Coming back with a code, and with whatever else is said. */
function comeBack({ cookie, state }: Pick<Begun, 'cookie' | 'state'>, said: Record<string, string> = {}) {
  const query = new URLSearchParams({ code: 'a-code', state, iss: issuer.url, ...said });
  return door.ask(`/login/oidc/callback?${query}`, { headers: { cookie } });
}

/** Nobody was let in: no cookie but the one that takes the other away. */
function shutOut(attack: string, what: string, heard: Heard, ...by: number[]): void {
  refused(attack, what, heard, ...by);
  const kept = (heard.headers['set-cookie'] ?? []).filter((set) => !/max-age=0/i.test(set));
  expect([what, kept]).toEqual([what, []]);
}

test('what is in order is let in, so that all else is refused for what is wrong with it', async () => {
  const begun = await begin();
  issuer.answerWith(() => issuer.sign(issuer.claims(begun.nonce)));
  const heard = await comeBack(begun);
  expect([heard.status, heard.headers.location]).toEqual([303, '/audit']);
});

test('an answer counts in the browser that asked, once and soon', async () => {
  const [own, other] = [await begin(), await begin()];
  issuer.answerWith(() => issuer.sign(issuer.claims(own.nonce)));
  const attack = 'login CSRF';
  shutOut(
    attack,
    "another's code and state, in a browser that never asked",
    await comeBack({ ...own, cookie: '' }),
    401,
  );
  shutOut(
    attack,
    "another's code and state, in a browser that asked too",
    await comeBack({ ...own, cookie: other.cookie }),
    401,
  );
  const forged = own.cookie.replace(/=.{10}/, '=AAAAAAAAAA');
  shutOut(attack, 'a cookie that is not sealed by us', await comeBack({ ...own, cookie: forged }), 401);

  expect((await comeBack(own)).status).toBe(303);
  shutOut('replayed sign-in', 'the same code and state a second time', await comeBack(own), 401);
  shutOut('replayed sign-in', 'another code with the same state', await comeBack(own, { code: 'another' }), 401);
  const late = await begin();
  issuer.answerWith(() => issuer.sign(issuer.claims(late.nonce)));
  door.letPass(600_000);
  shutOut('replayed sign-in', 'after ten minutes', await comeBack(late), 401);
});

test('an answer is the one to our question, and of the one who was asked', async () => {
  for (const [what, said] of [
    ['no state', { state: '' }],
    ['another state', { state: 'x'.repeat(43) }],
    ['the name of another issuer', { iss: 'https://evil.example' }],
    ['no name of an issuer, from one that promises it', { iss: '' }],
    ['an error in place of a code', { error: 'access_denied' }],
    ['a token in place of a code', { id_token: 'x' }],
    ['an answer in a JWT', { response: 'x' }],
  ] as const) {
    const begun = await begin();
    issuer.answerWith(() => issuer.sign(issuer.claims(begun.nonce)));
    shutOut('mixed-up issuer', what, await comeBack(begun, said), 401);
  }
});

test('an ID token is believed when all of it is in order', async () => {
  type Claims = ReturnType<BadIssuer['claims']>;
  const past = Math.floor(Date.now() / 1_000) - 3_600;
  const tampered: [what: string, token: (claims: Claims) => Promise<string>][] = [
    ['no signature (alg none)', (claims) => issuer.unsigned(claims)],
    [
      'signed with the secret of the page (HS256)',
      (claims) => issuer.sign(claims, { alg: 'HS256', key: new TextEncoder().encode(SECRET) }),
    ],
    ['signed by somebody else', (claims) => issuer.sign(claims, { key: issuer.otherKey })],
    ['for another client', (claims) => issuer.sign({ ...claims, aud: 'another' })],
    ['for two, on behalf of another', (claims) => issuer.sign({ ...claims, aud: [CLIENT.id, 'x'], azp: 'x' })],
    ['of another issuer', (claims) => issuer.sign({ ...claims, iss: 'https://evil.example' })],
    ['expired', (claims) => issuer.sign({ ...claims, iat: past, exp: past + 60 })],
    ['of the time to come', (claims) => issuer.sign({ ...claims, nbf: past + 7_200 })],
    ['of another sign-in (nonce)', (claims) => issuer.sign({ ...claims, nonce: 'x'.repeat(43) })],
    ['of no sign-in (nonce)', ({ nonce: _, ...claims }) => issuer.sign(claims)],
    ['of nobody', ({ sub: _, ...claims }) => issuer.sign(claims)],
    ['no token at all', async () => ''],
    ['no JWT', async () => 'x.y.z'],
  ];
  for (const [what, make] of tampered) {
    door.letPass(60_000); // so that it is not refused for having guessed too often
    const begun = await begin();
    issuer.answerWith(() => make(issuer.claims(begun.nonce)));
    shutOut('bad ID token', what, await comeBack(begun), 401);
  }
});

test('a code is worth something to who asked for it, once: the issuer sees to that by what we tell it', async () => {
  const real = await openRealIssuer();
  const page = await openAuthDoor(
    { oidc: { issuer: real.url, clientId: CLIENT.id, clientSecretEnvironment: 'SECRET' } },
    { environment: { SECRET: CLIENT.secret } },
  );
  try {
    real.knows(page.origin, { carols: {} });
    Object.assign(page.people, { carol: { oidc: 'carols' } });
    const beginThere = async () => {
      const { headers } = await page.ask('/login/oidc');
      return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '', there: headers.location ?? '' };
    };
    const back = async ({ cookie, there }: Awaited<ReturnType<typeof beginThere>>, from: URL) => {
      const query = new URLSearchParams(from.search);
      query.set('state', new URL(there).searchParams.get('state') ?? '');
      return page.ask(`/login/oidc/callback?${query}`, { headers: { cookie } });
    };
    const [own, other, third] = [await beginThere(), await beginThere(), await beginThere()];
    const code = await real.walk(other.there, 'carols');
    shutOut('login CSRF', "another's code with a state of one's own (PKCE)", await back(own, code), 401);
    const good = await real.walk(third.there, 'carols');
    expect((await back(third, good)).status).toBe(303);
    shutOut('replayed sign-in', 'a code that was used, with a new state', await back(await beginThere(), good), 401);
  } finally {
    await page.dispose();
    await real.close();
  }
});

test('signing in leads to a place of ours, whatever was asked for', async () => {
  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/login/oidc',
    '/a\r\nset-cookie: x=1',
  ]) {
    const begun = await begin(next);
    issuer.answerWith(() => issuer.sign(issuer.claims(begun.nonce)));
    const { status, headers } = await comeBack(begun);
    const { origin, pathname } = new URL(headers.location ?? '', door.origin);
    expect([next, status, origin, pathname.startsWith('/login')]).toEqual([next, 303, door.origin, false]);
    tried.push(`${'open redirect'.padEnd(22)} ${JSON.stringify(next).padEnd(58)} leads to ${headers.location}`);
  }
});

test('what the issuer says never becomes part of the page, and guessing there is slowed down', async () => {
  const evil = '<script>alert(1)</script>';
  const begun = await begin();
  issuer.answerWith(() => issuer.sign({ ...issuer.claims(begun.nonce), sub: evil, preferred_username: evil }));
  const heard = await comeBack(begun);
  shutOut('XSS', 'a name at the issuer', heard, 403);
  expect(heard.text).not.toContain('<script>alert');
  for (let at = 0; at < 10; at += 1) await comeBack({ cookie: '', state: 'guess' });
  shutOut(
    'brute force',
    'an eleventh answer that nobody asked for',
    await comeBack({ cookie: '', state: 'guess' }),
    429,
  );
});

test('around TLS the cookie of a sign-in goes nowhere else, and the code comes back by https', async () => {
  const url = 'https://catalog.example.org';
  const oidc = { issuer: issuer.url, clientId: CLIENT.id };
  const far = await openAuthDoor({ host: '0.0.0.0', url, oidc });
  try {
    const { headers } = await far.ask('/login/oidc', { headers: { host: 'catalog.example.org' } });
    expect(headers['set-cookie']?.[0]).toMatch(/^__Host-cml-sign-in=.+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const asked = new URL(headers.location ?? '').searchParams;
    expect(asked.get('redirect_uri')).toBe(`${url}/login/oidc/callback`);
  } finally {
    await far.dispose();
  }
});
