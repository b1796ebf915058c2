import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { loginHeaders } from '../../../../src/workspace/cdp/client/signing.ts';

/** Made by another implementation than Node's: `vectors/make-vectors.py` says which, and makes them again. */
const FOLDER = join(import.meta.dirname, '..', 'vectors');
const vectors = z
  .object({
    accessKeyId: z.string(),
    keys: z.array(
      z.object({
        ...{ kind: z.string(), method: z.string(), isSame: z.boolean(), privateKey: z.string(), publicKey: z.string() },
        signatures: z.array(z.object({ date: z.string(), path: z.string(), text: z.string(), signature: z.string() })),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(FOLDER, 'vectors.json'), 'utf8')));

const DIGESTS: Readonly<Record<string, string | null>> = { ed25519v1: null, ecdsav1: 'sha512', rsav1: 'sha256' };
const canVerifyThere = spawnSync('/usr/bin/python3', ['-c', 'import ecdsa, rsa']).status === 0;

function bytesOf(urlSafe: string): Buffer {
  return Buffer.from(urlSafe.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
}

function signHere(key: (typeof vectors.keys)[number], { date, path }: { date: string; path: string }) {
  const { privateKey } = key;
  const headers = loginHeaders({ accessKeyId: vectors.accessKeyId, privateKey }, path, new Date(date));
  const [who = '', signature = ''] = (headers['x-altus-auth'] ?? '').split('.');
  return { headers, who: JSON.parse(bytesOf(who).toString()), signature };
}

it('knows vectors of every kind of key', () => {
  expect(vectors.keys.map(({ kind }) => kind)).toEqual(['ed25519', 'ecdsa P-256', 'ecdsa P-384', 'rsa']);
  expect(vectors.keys.flatMap(({ signatures }) => signatures)).toHaveLength(12);
});

describe.each(vectors.keys)('a signature of the kind $kind', (key) => {
  test.each(key.signatures)('of $date is as another implementation makes it, or verifies', (vector) => {
    const { headers, who, signature } = signHere(key, vector);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-altus-date': vector.date });
    expect(who).toEqual({ access_key_id: vectors.accessKeyId, auth_method: key.method });

    const publicKey = createPublicKey(key.publicKey);
    const verifies = (bytes: Buffer) => verify(DIGESTS[key.method], Buffer.from(vector.text), publicKey, bytes);
    expect(verifies(bytesOf(vector.signature))).toBe(true);
    expect(verifies(bytesOf(signature))).toBe(true);
    if (key.isSame) expect(signature).toBe(vector.signature);
    const [first = 0, ...rest] = bytesOf(vector.signature);
    expect(verifies(Buffer.from([first, ...rest.slice(0, -1), (rest.at(-1) ?? 0) ^ 1]))).toBe(false);
  });

  test.runIf(canVerifyThere)('made here is verified by the other implementation', () => {
    const [vector] = key.signatures;
    if (vector === undefined) throw new Error('no vector');
    const { signature } = signHere(key, vector);
    const ask = (text: string) =>
      execFileSync('/usr/bin/python3', [join(FOLDER, 'make-vectors.py'), 'verify'], {
        input: JSON.stringify({ kind: key.kind, text, signature }),
        encoding: 'utf8',
      }).trim();
    expect(ask(vector.text)).toBe('good');
    expect(ask(`${vector.text} `)).toBe('bad');
  });
});

it('sends an access token as it is, and signs nothing', () => {
  const headers = loginHeaders({ accessToken: 'Bearer abc' }, '/api/v1/ml/listWorkspaces', new Date());
  expect(headers).toEqual({ 'content-type': 'application/json', authorization: 'Bearer abc' });
});

it('refuses a key that signs nothing there, without repeating it', () => {
  const dsa = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const privateKey of [dsa, 'no key at all, but a secret']) {
    expect(() => loginHeaders({ accessKeyId: 'a', privateKey }, '/', new Date())).toThrow(
      expect.objectContaining({ code: 'control-plane-login', message: expect.not.stringContaining('secret') }),
    );
  }
});
