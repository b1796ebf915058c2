import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { hashToken } from '../../src/main-people.ts';
import { createAttackTable } from './attack-table.ts';
import { type Ask, type AuthDoor, type Heard, type Known, openAuthDoor, tokenOf } from './auth-door.ts';

const HOUR_MS = 3_600_000;
const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;

let door: AuthDoor;
beforeEach(async () => {
  door = await openAuthDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  expect(door.orchestrator.running()).toEqual([]); // whatever was tried, nothing was begun by it
  await door.dispose();
});

const { tried, refused, print } = createAttackTable();
afterAll(print);

const by = (cookie: string): Ask => ({ headers: { cookie } });
const backUp = '/workspaces/team-ml/backup';
const linkFor = async (name: string) => (await door.auth().invite({ name, proof: 'token' })).path;
const use = (path: string) => door.ask('/login', { fields: { link: path.split('link=')[1] ?? '' } });

test('nobody is shown or may change anything without a session', async () => {
  const looks = ['/', '/workspaces/team-ml', '/backups', '/backups/bkp_1', '/operations', '/operations/op_1/live'];
  for (const path of [...looks, '/requests', '/schedules', '/audit', '/changes', '/nowhere']) {
    const heard = await door.ask(path);
    refused('no session', `GET ${path}`, heard, 401);
    expect(heard.text).not.toContain('/operations"'); // not even the menu
  }
  const changes = [backUp, '/workspaces/team-ml/start', '/backups/bkp_1/delete', '/requests/req_1/approve'];
  for (const path of [...changes, '/operations/op_1/cancel', '/schedules', '/logout']) {
    refused('no session', `POST ${path}`, await door.ask(path, { fields: { csrf: '' } }), 401);
  }
});

test('forged cookies and tokens are worth nothing', async () => {
  const { cookie } = await door.logIn('alice');
  const [name = '', value = ''] = cookie.split('=');
  const [id = ''] = decodeURIComponent(value).split('.');
  const other = (text: string) => createHmac('sha256', 'another key').update(text).digest('base64');
  const seal = decodeURIComponent(value).slice(id.length);
  const flipped = `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`;
  for (const [what, forged] of [
    ['a cookie of another key', `${id}.${other(id)}`],
    ['a cookie without its signature', id],
    ['a signature over nothing', seal],
    ['one letter of the id is another', `${flipped}${seal}`],
    ['a name in place of an id', `alice.${other('alice')}`],
  ] as const) {
    refused('forged session', what, await door.ask('/audit', by(`${name}=${encodeURIComponent(forged)}`)), 401);
  }
  for (const [what, authorization] of [
    ['a guess', 'Bearer guess'],
    ['the hash that stands in cml.yaml', `Bearer ${door.people.alice?.token}`],
    ['nothing', 'Bearer '],
    ['another scheme', `Basic ${Buffer.from(`alice:${tokenOf('alice')}`).toString('base64')}`],
    ['a guess beside a good cookie', 'Bearer guess'],
  ] as const) {
    refused('forged token', what, await door.ask('/audit', { headers: { authorization, cookie } }), 401);
  }
  expect((await door.ask('/audit', by(cookie))).status).toBe(200);
});

test('what was good once is not good again', async () => {
  const link = await linkFor('alice');
  expect([(await door.ask(link)).status, (await use(link)).status]).toEqual([200, 303]);
  refused('replayed link', 'a second time', await use(link), 401);
  const late = await linkFor('alice');
  door.letPass(600_000);
  refused('replayed link', 'after ten minutes', await use(late), 401);
  const former = await linkFor('alice');
  await door.again();
  refused('replayed link', 'of a server that ended', await use(former), 401);

  const left = await door.logIn('alice');
  expect((await left.post('/logout')).status).toBe(303);
  refused('replayed session', 'after logging out', await left.get('/audit'), 401);
  const idle = await door.logIn('alice');
  door.letPass(8 * HOUR_MS);
  refused('replayed session', 'after eight idle hours', await idle.get('/audit'), 401);
  const busy = await door.logIn('alice');
  for (let hours = 0; hours < 66; hours += 6) {
    door.letPass(6 * HOUR_MS);
    expect((await busy.get('/audit')).status).toBe(200);
  }
  door.letPass(6 * HOUR_MS);
  refused('replayed session', 'after three days, though used', await busy.get('/audit'), 401);

  const renewed = await door.logIn('alice');
  const before = await door.logIn('bob');
  door.people.bob = { token: `sha256:${'0'.repeat(64)}` };
  refused('replayed session', 'of a token that was made anew', await before.get('/audit'), 401);
  delete door.people.alice;
  refused('replayed session', 'of who is gone from cml.yaml', await renewed.get('/audit'), 401);
});

test('a session that somebody else knows is not the one that a login begins', async () => {
  const known = await door.logIn('carol');
  const own = await door.logIn('alice', { cookie: known.cookie });
  expect(own.cookie).not.toBe(known.cookie);
  refused('session fixation', 'the id from before the login', await known.get('/audit'), 401);
});

test('a change is taken from our own forms only', async () => {
  const [own, other, earlier] = [await door.logIn('alice'), await door.logIn('bob'), await door.logIn('alice')];
  for (const [what, csrf] of [
    ['no token', ''],
    ['the token of somebody else', other.csrf],
    ['the token of an earlier session', earlier.csrf],
    ['a very long token', 'x'.repeat(10_000)],
  ] as const) {
    refused('CSRF', what, await own.post(backUp, { csrf }), 403);
  }
  const form = { fields: { csrf: own.csrf } };
  for (const [what, headers] of [
    ['a form of another origin', { origin: 'https://evil.example' }],
    ['a form of another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['a form in a sandbox', { origin: 'null' }],
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a form of a neighbour', { 'sec-fetch-site': 'same-site' }],
  ] as const) {
    refused('CSRF', what, await door.ask(backUp, { ...form, headers: { cookie: own.cookie, ...headers } }), 403);
  }
  const login = { headers: { origin: 'https://evil.example' }, fields: { token: tokenOf('alice') } };
  refused('CSRF', 'a login that another site asks for', await door.ask('/login', login), 403);
  const plain = { headers: { cookie: own.cookie, 'content-type': 'text/plain' }, body: `csrf=${own.csrf}` };
  refused('CSRF', 'a form that is plain text', await door.ask(backUp, plain), 400);
  refused('CSRF', 'a change as a picture that is loaded', await own.get(backUp), 404);
  const method = { headers: { cookie: own.cookie, 'x-http-method-override': 'POST' } };
  refused('CSRF', 'a change in the clothes of a look', await door.ask(backUp, method), 404);
  const { headers } = await own.get('/');
  expect([headers['x-frame-options'], headers['cross-origin-resource-policy']]).toEqual(['DENY', 'same-origin']);
});

test('another name that points here is not answered', async () => {
  const { cookie } = await door.logIn('alice');
  for (const host of [
    'evil.example',
    'evil.example:8443',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '[::2]',
  ]) {
    refused('DNS rebinding', `Host: ${host}`, await door.ask('/audit', { headers: { cookie, host } }), 400, 403);
  }
});

test('where others can reach it, it answers under its name of https only, and its cookie goes nowhere else', async () => {
  const host = 'catalog.example.org';
  const far = await openAuthDoor({ host: '0.0.0.0', url: `https://${host}` });
  try {
    const headers = { host, origin: `https://${host}`, 'sec-fetch-site': 'same-origin' };
    const fields = { token: tokenOf('alice') };
    const entered = await far.ask('/login', { headers, fields });
    expect(entered.headers['set-cookie']?.[0]).toMatch(/^__Host-cml=.+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(entered.headers['strict-transport-security']).toContain('max-age=');
    refused('around TLS', 'by the address', await far.ask('/login', { fields }), 403);
    refused(
      'around TLS',
      'by the name of this machine',
      await far.ask('/login', { headers: { host: 'localhost' } }),
      403,
    );
    const plain = { headers: { ...headers, origin: 'http://catalog.example.org:80' }, fields };
    refused('around TLS', 'a form of the same name without https', await far.ask('/login', plain), 403);
  } finally {
    await far.dispose();
  }
});

test('who asked does not decide, and nobody takes back what somebody else asked for', async () => {
  const backup = await door.backUp();
  const [own, other] = [await door.logIn('alice'), await door.logIn('bob')];
  const asked = await own.post(`/backups/${backup}/delete`, { confirm: 'team-ml' });
  const request = asked.headers.location ?? '';
  const another = "another's request";
  refused(another, 'approved by who asked', await own.post(`${request}/approve`), 403);
  refused(
    another,
    'approved in an emergency by who may not',
    await own.post(`${request}/break-glass`, { reason: 'x' }),
    400,
    403,
  );
  refused(another, 'denied without a reason', await other.post(`${request}/deny`), 400);
  refused(another, 'one that there is not', await other.post('/requests/req_0/approve'), 404);
  const stranger = await door.ask(`${request}/approve`, { fields: { csrf: other.csrf } });
  refused(another, 'approved with a token and no session', stranger, 401);
  expect((await other.get(request)).text).toContain('waits for a decision');
});

test('nothing is served but the few files of the page', async () => {
  const own = await door.logIn('alice');
  for (const path of [
    '/assets/../settings.ts',
    '/assets/%2e%2e/settings.ts',
    '/assets/..%2f..%2f..%2fetc%2fpasswd',
    '/assets/%252e%252e/settings.ts',
    '/assets/..%5csettings.ts',
    '/assets//etc/passwd',
    '/assets/style.css%00.html',
    '/backups/..%2f..%2fweb.key',
    '/workspaces/..%2f..%2fetc',
  ]) {
    refused('path traversal', path, await own.get(path), 400, 404);
  }
});

test('what is too large or no form is turned away', async () => {
  const own = await door.logIn('alice');
  const { cookie } = own;
  const form = { cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const large = 'x'.repeat(1024 * 1024);
  refused('oversized', 'a login of 1 MB', await door.ask('/login', { fields: { token: large } }), 413);
  refused('oversized', 'a form of 1 MB', await own.post(backUp, { reason: large }), 413);
  const pieces = { headers: { ...form, 'transfer-encoding': 'chunked' }, body: `reason=${large}` };
  refused('oversized', 'a form of 1 MB that says no length', await door.ask(backUp, pieces), 411);
  const few = { headers: { 'transfer-encoding': 'chunked' }, body: 'token=guess' };
  refused('malformed', 'a small form that says no length, by a stranger', await door.ask('/login', few), 411);
  refused('oversized', 'headers of 64 kB', await door.ask('/', by('a'.repeat(65_536))), 431);
  refused('oversized', 'a reason of 301 letters', await own.post(backUp, { reason: 'x'.repeat(301) }), 400);
  refused(
    'oversized',
    'a token of 1,000 letters',
    await door.ask('/login', { fields: { token: 'x'.repeat(1_000) } }),
    400,
  );
  const multipart = { cookie, 'content-type': 'multipart/form-data' };
  refused(
    'malformed',
    'a form in parts without a boundary',
    await door.ask(backUp, { headers: multipart, body: 'x' }),
    400,
  );
  const cut = { cookie, 'content-type': 'multipart/form-data; boundary=b' };
  refused(
    'malformed',
    'a form in parts that is cut off',
    await door.ask(backUp, { headers: cut, body: '--b\r\nx' }),
    400,
  );
  const json = { headers: { cookie, 'content-type': 'application/json' }, body: '{"csrf"' };
  refused('malformed', 'half of a JSON document', await door.ask(backUp, json), 400);
  const odd = { headers: form, body: `csrf=${own.csrf}&notice=%zz%00` };
  refused('malformed', 'escapes that are none', await door.ask(backUp, odd), 400);
  refused('malformed', 'a login that says nothing', await door.ask('/login', { fields: {} }), 401);
  const files = '--b\r\ncontent-disposition: form-data; name="token"; filename="x"\r\n\r\nx\r\n--b--\r\n';
  const upload = { headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: files };
  refused('malformed', 'a file in place of a token', await door.ask('/login', upload), 401);
});

/** Logs in with a place to go to, and answers where that is. */
async function placeAfter(next: string): Promise<Heard> {
  const fields = { token: tokenOf('alice') };
  return door.ask(`/login?next=${encodeURIComponent(next)}`, { fields });
}

test('logging in leads to a place of ours, whatever was asked for', async () => {
  const outside = ['https://evil.example', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example'];
  const odd = [
    '/\t/evil.example',
    '/%0d/../..//evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    '/login',
    ' //evil.example',
  ];
  for (const next of [...outside, ...odd]) {
    const heard = await placeAfter(next);
    const { origin, pathname } = new URL(heard.headers.location ?? '', door.origin);
    expect([next, heard.status, origin, pathname.startsWith('//')]).toEqual([next, 303, door.origin, false]);
    tried.push(`${'open redirect'.padEnd(22)} ${JSON.stringify(next).padEnd(58)} leads to ${heard.headers.location}`);
  }
  expect((await placeAfter('/backups?sort=size')).headers.location).toBe('/backups?sort=size');
});

test('no header is made of what somebody wrote', async () => {
  for (const next of ['/a\r\nset-cookie: cml=1', '/a%0d%0aset-cookie:%20cml=1', '/a\u2028x', '/ä\n']) {
    const { headers } = await placeAfter(next);
    expect(headers['set-cookie']).toHaveLength(1);
    expect(headers.location).toMatch(/^\/[\x21-\x7e]*$/);
    tried.push(`${'header injection'.padEnd(22)} ${JSON.stringify(next).padEnd(58)} leads to ${headers.location}`);
  }
});

test('what somebody wrote never becomes part of the page', async () => {
  const own = await door.logIn('alice');
  const path = encodeURIComponent(EVIL);
  const looks: [what: string, heard: Heard][] = [
    ['the place to go to, at login', await door.ask(`/login?next=/${path}`)],
    ['a link that is none', await door.ask(`/login?link=${path}`)],
    ['a place that there is not', await door.ask(`/${path}?${path}=${path}`)],
    ['the name of a workspace', await own.get(`/workspaces/${path}`)],
    ['the id of a backup', await own.get(`/backups/${path}`)],
    ['the text of a filter', await own.get(`/backups?text=${path}&by=${path}`)],
    ['a reason of a request', await own.post(`/requests/${path}/deny`, { reason: EVIL })],
    ['a token', await door.ask('/login', { fields: { token: EVIL } })],
  ];
  for (const [what, { status, text, headers }] of looks) {
    expect([what, text.includes('<script>alert'), text.includes('<img src=x')]).toEqual([what, false, false]);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    tried.push(`${'XSS'.padEnd(22)} ${what.padEnd(58)} ${status}, as text`);
  }
});

test('guessing is slowed down from one address, and hinders nobody at another', async () => {
  const guess = (token: string, from = '127.0.0.1') => door.ask('/login', { fields: { token }, from });
  for (let at = 0; at < 10; at += 1)
    refused('brute force', `guess ${at + 1} of a token`, await guess(`guess ${at}`), 401);
  const slowed = await guess('guess');
  refused('brute force', 'an eleventh guess', slowed, 429);
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
  refused('brute force', 'a guess that is right, too early', await guess(tokenOf('alice')), 429);
  const bearer = { headers: { authorization: 'Bearer guess' } };
  refused('brute force', 'the same with a question', await door.ask('/audit', bearer), 429);
  refused('brute force', 'the same with a link', await door.ask('/login?link=guess'), 429);
  expect((await guess(tokenOf('bob'), '127.0.0.2')).status).toBe(303);
  for (let at = 0; at < 11; at += 1) {
    const shown = { headers: { authorization: `Bearer guess ${at}` }, from: '127.0.0.4' };
    await door.ask('/login', shown); // where no token is looked at
    const heard = await door.ask('/audit', shown);
    if (at === 10) refused('brute force', 'a guess that was shown at the login before', heard, 429);
  }
  door.letPass(6_000);
  expect((await guess(tokenOf('alice'))).status).toBe(303);
  const all = await Promise.all(Array.from({ length: 40 }, (_, at) => guess(`at once ${at}`, '127.0.0.3')));
  expect(all.filter(({ status }) => status === 401)).toHaveLength(10);
  tried.push(`${'brute force'.padEnd(22)} ${'40 guesses at once'.padEnd(58)} 10 x 401, 30 x 429`);
});

test('one person changes things only so often, which hinders nobody else', async () => {
  const [own, other] = [await door.logIn('alice'), await door.logIn('bob')];
  const change = (who: Known) => who.post('/requests/req_0/deny', { reason: 'no' });
  for (let at = 0; at < 60; at += 1) expect((await change(own)).status).toBe(404);
  refused('flood', 'a change after sixty', await change(own), 429);
  expect((await change(other)).status).toBe(404);
  expect((await own.get('/audit')).status).toBe(200);
});

test('a program may no more than its scopes, and no longer than it is told', async () => {
  const [reads, writes, decides] = ['r', 'w', 'a'].map((name) => tokenOf(`a program ${name}`));
  const until = '2026-03-01T13:00:00Z';
  door.people.alice = {
    token: hashToken(tokenOf('alice')),
    tokens: {
      reads: { hash: hashToken(reads ?? ''), scopes: ['read'], until },
      writes: { hash: hashToken(writes ?? ''), scopes: ['write'] },
      decides: { hash: hashToken(decides ?? ''), scopes: ['approve'] },
    },
  };
  const shows = (token = '') => ({ headers: { authorization: `Bearer ${token}` } });
  const deny = '/requests/req_0/deny';
  const attack = 'beyond a scope';
  expect((await door.ask('/audit', shows(reads))).status).toBe(200);
  refused(attack, 'a change by who may read', await door.ask(backUp, { ...shows(reads), fields: {} }), 403);
  refused(attack, 'a decision by who may read', await door.ask(deny, { ...shows(reads), fields: {} }), 403);
  refused(attack, 'a look by who may write', await door.ask('/audit', shows(writes)), 403);
  refused(
    attack,
    'a decision by who may write',
    await door.ask(deny, { ...shows(writes), fields: { reason: 'x' } }),
    403,
  );
  refused(attack, 'a change by who may decide', await door.ask(backUp, { ...shows(decides), fields: {} }), 403);
  expect((await door.ask(deny, { ...shows(decides), fields: { reason: 'no' } })).status).toBe(404);
  refused(attack, "a login with a program's token", await door.ask('/login', { fields: { token: reads ?? '' } }), 401);
  door.letPass(HOUR_MS);
  refused('replayed token', "a program's, when its time is over", await door.ask('/audit', shows(reads)), 401);
  expect((await door.ask('/audit', shows(writes))).status).toBe(403);
  door.people.alice = { token: hashToken(tokenOf('alice')) };
  refused('replayed token', "a program's, when it was revoked", await door.ask('/audit', shows(writes)), 401);
});

test('behind a proxy each visitor is slowed down alone, and nobody by a header that they write', async () => {
  const proxied = await openAuthDoor({ trustProxy: ['127.0.0.2'] });
  try {
    const guess = (forwarded: string, from = '127.0.0.2') =>
      proxied.ask('/login', { fields: { token: 'guess' }, from, headers: { 'x-forwarded-for': forwarded } });
    for (let at = 0; at < 10; at += 1) await guess(`10.0.0.${at}, 9.9.9.9`);
    refused('brute force', 'through a proxy, with another header each time', await guess('10.0.0.10, 9.9.9.9'), 429);
    expect((await guess('8.8.8.8')).status).toBe(401);
    for (let at = 0; at < 10; at += 1) await guess(`10.0.0.${at}`, '127.0.0.3');
    refused('brute force', 'past the proxy, with another header each time', await guess('10.0.0.10', '127.0.0.3'), 429);
  } finally {
    await proxied.dispose();
  }
});

test('who logged in, out or was turned away is in the audit trail, which guessing does not fill', async () => {
  const own = await door.logIn('alice');
  await own.post('/logout');
  for (let at = 0; at < 100; at += 1) {
    await door.ask('/login', { fields: { token: 'guess' }, from: `127.0.1.${at}` });
  }
  const { entries } = await door.orchestrator.pageAudit({ limit: 500 });
  const did = entries.map((entry) => entry.did);
  expect([did.at(-1), did.at(-2), did.filter((one) => one === 'login refused').length]).toEqual([
    'logged in',
    'logged out',
    60,
  ]);
  expect(entries[0]).toMatchObject({
    by: { proof: 'none' },
    reason: expect.stringMatching(/not good.*, from 127\.0\.1\.59$/),
  });
  expect(JSON.stringify(entries)).not.toContain(tokenOf('alice'));
});
