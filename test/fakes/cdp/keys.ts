import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { ACCOUNT } from './names.ts';

export type AuthMethod = 'ed25519v1' | 'ecdsav1' | 'rsav1';

/** What a person puts into the profile file. */
export interface Credentials {
  readonly accessKeyId: string;
  /** 44 characters of base64 (Ed25519 seed) or PKCS8 PEM. */
  readonly privateKey: string;
}

/** What the control plane keeps of an access key. */
export interface KnownKey {
  readonly publicKey: KeyObject;
  readonly method: AuthMethod;
  readonly user: string;
  /** Operations it may not call. */
  readonly denied: ReadonlySet<string>;
}

export interface KnownToken {
  readonly user: string;
  readonly expiresAt: number;
  readonly denied: ReadonlySet<string>;
}

export interface IssueOptions {
  readonly user?: string;
  readonly denied?: readonly string[];
}

/** Who may call: access keys and tokens that were given out and not taken back. */
export interface Keys {
  issue(method?: AuthMethod, options?: IssueOptions): Credentials;
  /** Takes a public key that was made elsewhere. */
  accept(accessKeyId: string, method: AuthMethod, publicKey: KeyObject, options?: IssueOptions): void;
  issueToken(options?: IssueOptions & { readonly validForMs?: number }): string;
  revoke(accessKeyIdOrToken: string): void;
  keyOf(accessKeyId: string): KnownKey | undefined;
  tokenOf(token: string): KnownToken | undefined;
}

const PAIRS = {
  ed25519v1: () => generateKeyPairSync('ed25519'),
  ecdsav1: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  rsav1: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
} satisfies Record<AuthMethod, () => { publicKey: KeyObject; privateKey: KeyObject }>;

const USER = `crn:altus:iam:us-west-1:${ACCOUNT}:machineUser:cml-backup`;

export function createKeys(now: () => number): Keys {
  const keys = new Map<string, KnownKey>();
  const tokens = new Map<string, KnownToken>();
  const accept: Keys['accept'] = (accessKeyId, method, publicKey, { user = USER, denied = [] } = {}) => {
    keys.set(accessKeyId, { publicKey, method, user, denied: new Set(denied) });
  };
  return {
    accept,
    issue(method = 'ed25519v1', options = {}) {
      const { publicKey, privateKey } = PAIRS[method]();
      const accessKeyId = randomUUID();
      accept(accessKeyId, method, publicKey, options);
      return { accessKeyId, privateKey: method === 'ed25519v1' ? seedOf(privateKey) : pemOf(privateKey) };
    },
    issueToken({ user = USER, denied = [], validForMs = 3_600_000 } = {}) {
      const token = `token-${randomBytes(24).toString('base64url')}`;
      tokens.set(token, { user, denied: new Set(denied), expiresAt: now() + validForMs });
      return token;
    },
    revoke(name) {
      keys.delete(name);
      tokens.delete(name);
    },
    keyOf: (accessKeyId) => keys.get(accessKeyId),
    tokenOf: (token) => tokens.get(token),
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The last 32 bytes of its PKCS8 form (RFC 8410). */
function seedOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'der' }).subarray(-32).toString('base64');
}
