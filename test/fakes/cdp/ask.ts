import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { AuthMethod, Credentials } from './keys.ts';

export interface Said {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export type Ask = (operation: string, request?: unknown) => Promise<Said>;

const PKCS8_OF_A_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');
const HASHES = { ed25519v1: null, ecdsav1: 'sha512', rsav1: 'sha256' } as const;

/** Calls as a person would with these credentials; the double's own client, for its tests and for looks from outside. */
export function createAsk(url: string, credentials: Credentials, now = () => new Date()): Ask {
  const { key, method } = keyOf(credentials.privateKey);
  return async (operation, request = {}) => {
    const path = `/api/v1/ml/${operation}`;
    const date = now().toUTCString();
    const text = ['POST', 'application/json', date, path, method].join('\n');
    const signature = sign(HASHES[method], Buffer.from(text), key);
    return post(`${url}${path}`, request, {
      'x-altus-date': date,
      'x-altus-auth': authOf(credentials.accessKeyId, method, signature),
    });
  };
}

export async function post(url: string, request: unknown, headers: Record<string, string>): Promise<Said> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, body: isJson ? JSON.parse(text) : { text }, headers: response.headers };
}

/** Both halves in URL-safe base64, padding kept, which Node's own `base64url` leaves out. */
export function authOf(accessKeyId: string, method: AuthMethod, signature: Buffer): string {
  const params = JSON.stringify({ access_key_id: accessKeyId, auth_method: method });
  return [Buffer.from(params), signature].map(urlSafe).join('.');
}

const urlSafe = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

function keyOf(privateKey: string): { key: KeyObject; method: AuthMethod } {
  if (privateKey.length === 44) {
    const der = Buffer.concat([PKCS8_OF_A_SEED, Buffer.from(privateKey, 'base64')]);
    return { key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), method: 'ed25519v1' };
  }
  const key = createPrivateKey(privateKey);
  return { key, method: key.asymmetricKeyType === 'ec' ? 'ecdsav1' : 'rsav1' };
}
