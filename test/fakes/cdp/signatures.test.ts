import { createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authOf, createAsk, post, type Said } from './ask.ts';
import { type ControlPlaneDouble, createControlPlaneDouble } from './double.ts';
import type { AuthMethod } from './keys.ts';

const METHODS: AuthMethod[] = ['ed25519v1', 'ecdsav1', 'rsav1'];
const PATH = '/api/v1/ml/listWorkspaces';

let double: ControlPlaneDouble;
let folder: string;

beforeAll(async () => {
  double = await createControlPlaneDouble();
  folder = await mkdtemp(join(tmpdir(), 'signatures-'));
});

afterAll(async () => {
  await double.close();
  await rm(folder, { recursive: true, force: true });
});

/** Made by openssl alone: keys and signatures know nothing of Node's. */
const MADE_BY: Record<AuthMethod, { readonly generate: string[]; readonly sign: string[] }> = {
  ed25519v1: {
    generate: ['-algorithm', 'ed25519'],
    sign: ['pkeyutl', '-sign', '-rawin', '-inkey', 'key', '-in', 'text'],
  },
  ecdsav1: {
    generate: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    sign: ['dgst', '-sha512', '-sign', 'key', 'text'],
  },
  rsav1: {
    generate: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    sign: ['dgst', '-sha256', '-sign', 'key', 'text'],
  },
};

async function signedByOpenssl(method: AuthMethod, text: string): Promise<{ signature: Buffer; publicKey: string }> {
  const openssl = (args: string[]) =>
    execa('openssl', args, { cwd: folder, encoding: 'buffer', stripFinalNewline: false });
  await openssl(['genpkey', ...MADE_BY[method].generate, '-out', 'key']);
  await openssl(['pkey', '-in', 'key', '-pubout', '-out', 'public']);
  await writeFile(join(folder, 'text'), text);
  const { stdout } = await openssl(MADE_BY[method].sign);
  return { signature: Buffer.from(stdout), publicKey: await readFile(join(folder, 'public'), 'utf8') };
}

describe('a signature', () => {
  test.each(METHODS)('is taken as openssl makes it: %s', async (method) => {
    const date = new Date().toUTCString();
    const text = `POST\napplication/json\n${date}\n${PATH}\n${method}`;
    const { signature, publicKey } = await signedByOpenssl(method, text);
    double.keys.accept(`by-openssl-${method}`, method, createPublicKey(publicKey));
    const headers = { 'x-altus-date': date, 'x-altus-auth': authOf(`by-openssl-${method}`, method, signature) };
    expect((await post(`${double.url}${PATH}`, {}, headers)).status).toBe(200);
    const elsewhere = await post(`${double.url}/api/v1/ml/getLatestWorkspaceVersion`, {}, headers);
    expect(elsewhere).toMatchObject({ status: 401, body: { message: 'The signature does not match' } });
  });

  test.each(METHODS)('is taken from a key that was given out: %s', async (method) => {
    const said = await createAsk(double.url, double.keys.issue(method))('listWorkspaces');
    expect(said.status).toBe(200);
    expect(said.headers.get('x-altus-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(double.calls.all.at(-1)).toMatchObject({ authMethod: method, accepted: true, answered: 200 });
  });

  test('is refused from a key that was taken back, and of another key', async () => {
    const revoked = double.keys.issue();
    double.keys.revoke(revoked.accessKeyId);
    expect(await refusal(createAsk(double.url, revoked)('listWorkspaces'))).toMatch('not known');
    const stolen = { ...double.keys.issue(), accessKeyId: double.credentials.accessKeyId };
    expect(await refusal(createAsk(double.url, stolen)('listWorkspaces'))).toMatch('does not match');
  });

  test('is refused more than five minutes from the time of the server', async () => {
    const at = (ms: number) => createAsk(double.url, double.credentials, () => new Date(Date.now() + ms));
    expect((await at(-290_000)('listWorkspaces')).status).toBe(200);
    expect(await refusal(at(-310_000)('listWorkspaces'))).toMatch('too old');
    double.clock.skewMs = 600_000;
    const said = await at(0)('listWorkspaces');
    double.clock.skewMs = 0;
    expect(said.status).toBe(401);
    expect(Date.parse(said.headers.get('date') ?? '') - Date.now()).toBeGreaterThan(500_000);
  });

  test.each([
    ['without padding', (auth: string) => auth.replaceAll('=', '')],
    ['in the other alphabet', (auth: string) => auth.replaceAll('_', '/').replaceAll('-', '+')],
    ['in two parts too many', (auth: string) => `${auth}.x.y`],
    ['of one part', (auth: string) => auth.split('.')[0] ?? ''],
  ])('is refused %s', async (_, changed) => {
    const date = new Date().toUTCString();
    // one with both special letters and padding, whatever the key
    const auth = authOf(double.credentials.accessKeyId, 'ed25519v1', Buffer.from([0xfb, 0xff, 0xbf, 0xfb]));
    const headers = { 'x-altus-date': date, 'x-altus-auth': changed(auth) };
    expect(await refusal(post(`${double.url}${PATH}`, {}, headers))).toMatch('malformed');
  });

  test('is not needed beside a token that has not expired', async () => {
    const withToken = (token: string) => post(`${double.url}${PATH}`, {}, { authorization: token });
    expect((await withToken(double.keys.issueToken())).status).toBe(200);
    expect(await refusal(withToken(double.keys.issueToken({ validForMs: -1 })))).toMatch('expired');
    expect(await refusal(withToken('made-up'))).toMatch('not valid');
    expect(await refusal(post(`${double.url}${PATH}`, {}, {}))).toMatch('x-altus-auth is missing');
  });
});

async function refusal(said: Promise<Said>): Promise<string> {
  const { status, body } = await said;
  expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
  return String(body.message);
}

test('serves HTTPS that a private CA vouches for', async () => {
  const secure = await createControlPlaneDouble({ tls: true });
  const { stdout } = await execa('openssl', ['verify', '-CAfile', secure.caFile ?? '', secure.caFile ?? '']);
  expect(stdout).toMatch('OK');
  const at = new URL(secure.url).host;
  const hello = ['s_client', '-connect', at, '-CAfile', secure.caFile ?? '', '-verify_return_error', '-verify_ip'];
  const { stdout: shaken } = await execa('openssl', [...hello, '127.0.0.1'], { input: '' });
  expect(shaken).toMatch('Verify return code: 0');
  await secure.close();
});
