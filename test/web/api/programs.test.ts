import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashToken } from '../../../src/main-people.ts';
import { type AuthDoor, openAuthDoor, tokenOf } from '../auth-door.ts';

let door: AuthDoor;
beforeEach(async () => {
  door = await openAuthDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const BACKUP = '/api/v1/workspaces/team-ml/backup';
const shows = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('a program may ask many things at once, and is no guess', async () => {
  expect((await door.ask('/api/v1/backups', shows(tokenOf('alice')))).status).toBe(200);
  const many = await Promise.all(
    Array.from({ length: 60 }, () => door.ask('/api/v1/backups', shows(tokenOf('alice')))),
  );
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
  for (let guess = 0; guess < 10; guess += 1) {
    expect((await door.ask('/api/v1/backups', shows(`guess ${guess}`))).status).toBe(401);
  }
  expect((await door.ask('/api/v1/backups', shows('another guess'))).status).toBe(429);
  expect((await door.ask('/api/v1/backups', shows(tokenOf('bob')))).status).toBe(429);
  expect((await door.ask('/api/v1/backups', shows(tokenOf('alice')))).status).toBe(200);
  expect((await door.ask('/api/v1/backups', { ...shows(tokenOf('alice')), from: '127.0.0.9' })).status).toBe(200);
});

test('a token that was good is a guess again when it is no more', async () => {
  expect((await door.ask('/api/v1/backups', shows(tokenOf('alice')))).status).toBe(200);
  door.people.alice = { token: hashToken('another') };
  const again = () => door.ask('/api/v1/backups', shows(tokenOf('alice')));
  for (let guess = 0; guess < 11; guess += 1) expect((await again()).status).toBe(401);
  expect((await again()).status).toBe(429);
});

test('a program may no more than its scopes, whatever it says', async () => {
  door.people.alice = {
    tokens: {
      reads: { hash: hashToken('reads'), scopes: ['read'] },
      writes: { hash: hashToken('writes'), scopes: ['write'] },
    },
  };
  expect((await door.ask('/api/v1/openapi.json', shows('reads'))).status).toBe(200);
  for (const [path, token, method] of [
    [BACKUP, 'reads', 'POST'],
    ['/api/v1/requests/req_0000000000/approve', 'writes', 'POST'],
    ['/api/v1/backups', 'writes', 'GET'],
  ] as const) {
    const refused = await door.ask(path, { ...shows(token), method });
    expect([path, refused.status, refused.headers['content-type']]).toEqual([path, 403, 'application/problem+json']);
    expect(JSON.parse(refused.text)).toMatchObject({ status: 403, code: 'not-allowed' });
  }
  const begun = await door.ask(BACKUP, { ...shows('writes'), method: 'POST' });
  expect([begun.status, JSON.parse(begun.text).operation.by]).toEqual([202, 'alice']);
});

test('whoever is logged in may use it too, with the token of their session', async () => {
  const { cookie, csrf } = await door.logIn('alice');
  expect((await door.ask('/api/v1/backups', { headers: { cookie } })).status).toBe(200);
  const headers = { cookie, 'content-type': 'application/json' };
  expect((await door.ask(BACKUP, { headers, body: '{}' })).status).toBe(403);
  const foreign = { ...headers, 'x-csrf-token': csrf, origin: 'https://elsewhere.example' };
  expect((await door.ask(BACKUP, { headers: foreign, body: '{}' })).status).toBe(403);
  expect((await door.ask(BACKUP, { headers: { ...headers, 'x-csrf-token': csrf }, body: '{}' })).status).toBe(202);
});

/** As `curl -X POST` asks: nothing is sent, and nothing is said of its length. Answers the first line. */
function postNothing(path: string, token: string): Promise<string> {
  const { port, host } = new URL(door.origin);
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
    '',
    '',
  ];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(lines.join('\r\n')));
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

test('whoever sends nothing, and says no length, is answered like anybody', async () => {
  for (const [path, token, answer] of [
    ['/login', 'guess', 'HTTP/1.1 400 Bad Request'],
    ['/workspaces/team-ml/backup', 'guess', 'HTTP/1.1 401 Unauthorized'],
    ['/api/v1/backups/bkp_0000000000/pin', tokenOf('alice'), 'HTTP/1.1 404 Not Found'],
    [BACKUP, tokenOf('alice'), 'HTTP/1.1 202 Accepted'],
  ] as const) {
    expect([path, await postNothing(path, token)]).toEqual([path, answer]);
  }
  const headers = { authorization: `Bearer ${tokenOf('alice')}`, 'transfer-encoding': 'chunked' };
  const told = await door.ask(BACKUP, { headers: { ...headers, 'content-type': 'application/json' }, body: '{}' });
  expect([told.status, told.headers['content-type']]).toEqual([411, 'application/problem+json']);
});
