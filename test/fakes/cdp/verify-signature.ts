import { verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { AuthMethod, Keys, KnownKey } from './keys.ts';
import { unauthenticated } from './refused.ts';

export interface Caller {
  /** Access key id, or the token. */
  readonly key: string;
  readonly user: string;
  readonly method: AuthMethod | 'access_token';
  readonly denied: ReadonlySet<string>;
}

export interface SignedRequest {
  readonly verb: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

const MAX_SKEW_MS = 5 * 60_000;
const HASHES = { ed25519v1: null, ecdsav1: 'sha512', rsav1: 'sha256' } as const;
const RFC_1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const PADDED_URL_SAFE = /^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/;

const params = z.object({ access_key_id: z.string(), auth_method: z.enum(['ed25519v1', 'ecdsav1', 'rsav1']) });

/** Who sent this. @throws Refused 401 */
export function verifySignature(request: SignedRequest, keys: Keys, now: number): Caller {
  const { authorization } = request.headers;
  if (authorization !== undefined) return ofToken(authorization, keys, now);
  const { accessKeyId, method, signature } = readAuth(headerOf(request, 'x-altus-auth'));
  const date = headerOf(request, 'x-altus-date');
  const key = keys.keyOf(accessKeyId);
  if (!key) throw unauthenticated('The access key is not known or was deleted');
  if (key.method !== method) throw unauthenticated('The authentication method does not fit the access key');
  checkDate(date, now);
  const text = [request.verb, request.headers['content-type']?.trim() ?? '', date, request.path, method].join('\n');
  if (!isSigned(text, signature, key)) throw unauthenticated('The signature does not match');
  return { key: accessKeyId, user: key.user, method, denied: key.denied };
}

function ofToken(token: string, keys: Keys, now: number): Caller {
  const known = keys.tokenOf(token);
  if (!known) throw unauthenticated('The access token is not valid');
  if (known.expiresAt <= now) throw unauthenticated('The access token has expired');
  return { key: token, user: known.user, method: 'access_token', denied: known.denied };
}

function headerOf({ headers }: SignedRequest, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') throw unauthenticated(`The header ${name} is missing`);
  return value.trim();
}

function readAuth(header: string): { accessKeyId: string; method: AuthMethod; signature: Buffer } {
  const [encoded = '', signature = '', ...rest] = header.split('.');
  if (rest.length > 0 || !PADDED_URL_SAFE.test(encoded) || !PADDED_URL_SAFE.test(signature) || signature === '') {
    throw unauthenticated('The header x-altus-auth is malformed');
  }
  try {
    const { access_key_id, auth_method } = params.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString()));
    return { accessKeyId: access_key_id, method: auth_method, signature: Buffer.from(signature, 'base64url') };
  } catch {
    throw unauthenticated('The header x-altus-auth is malformed');
  }
}

function checkDate(date: string, now: number): void {
  if (!RFC_1123.test(date)) throw unauthenticated('The header x-altus-date is malformed');
  if (Math.abs(Date.parse(date) - now) > MAX_SKEW_MS) {
    throw unauthenticated('The request is too old or its date lies in the future');
  }
}

function isSigned(text: string, signature: Buffer, { publicKey, method }: KnownKey): boolean {
  try {
    return verify(HASHES[method], Buffer.from(text), publicKey, signature);
  } catch {
    return false; // a signature that is no DER is none
  }
}
