import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { PortError } from '../../../errors.ts';

export type Credentials =
  | { readonly accessKeyId: string; readonly privateKey: string }
  | { readonly accessToken: string };

export const JSON_TYPE = 'application/json';

/** An Ed25519 key in PKCS8 is these bytes and its seed. Source: RFC 8410, section 7. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED = /^[A-Za-z0-9+/_-]{43}=$/;

/** By kind of key, how its signatures are called there and which digest they are made over. */
const METHODS: Readonly<Record<string, { readonly name: string; readonly digest: string | null }>> = {
  ed25519: { name: 'ed25519v1', digest: null },
  ec: { name: 'ecdsav1', digest: 'sha512' },
  rsa: { name: 'rsav1', digest: 'sha256' },
};

/**
 * The headers that log a request in. A signature covers method, content type, date, path and kind of key, neither query
 * nor body, and holds for minutes: it is made anew for every attempt. Source: the vendor's clients for Python and Java.
 * @throws PortError `control-plane-login` when the key cannot be used.
 */
export function loginHeaders(credentials: Credentials, path: string, at: Date): Record<string, string> {
  if ('accessToken' in credentials) return { 'content-type': JSON_TYPE, authorization: credentials.accessToken };
  const date = at.toUTCString();
  const { key, method } = readKey(credentials.privateKey);
  const text = ['POST', JSON_TYPE, date, path, method.name].join('\n');
  const who = JSON.stringify({ access_key_id: credentials.accessKeyId, auth_method: method.name });
  const signature = sign(method.digest, Buffer.from(text), key);
  return {
    'content-type': JSON_TYPE,
    'x-altus-date': date,
    'x-altus-auth': `${urlSafe(Buffer.from(who))}.${urlSafe(signature)}`,
  };
}

function readKey(text: string): { key: KeyObject; method: { name: string; digest: string | null } } {
  const key = parseKey(text.trim());
  const method = METHODS[key.asymmetricKeyType ?? ''];
  if (method === undefined) {
    throw new PortError(
      'control-plane-login',
      `A private key of the kind ${key.asymmetricKeyType} signs nothing there`,
      {
        hint: 'Make an access key of the kind Ed25519, ECDSA or RSA.',
      },
    );
  }
  return { key, method };
}

function parseKey(text: string): KeyObject {
  try {
    if (!SEED.test(text)) return createPrivateKey(text);
    const der = Buffer.concat([ED25519_PKCS8, Buffer.from(text, 'base64')]);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new PortError('control-plane-login', 'The private key of the control plane cannot be read', {
      cause,
      hint: 'It is 44 characters of base64 (Ed25519), or a PEM file that needs no passphrase (ECDSA, RSA).',
    });
  }
}

/** With padding, as the vendor's Python client writes it. */
function urlSafe(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
