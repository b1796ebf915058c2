import { randomBytes } from 'node:crypto';
import { parseSigned, serializeSigned } from 'hono/utils/cookie';
import type { Clock } from '../../../clock.ts';
import { UserError } from '../../../errors.ts';
import type { WebSettings } from '../../settings.ts';
import { sealOf } from '../hash.ts';

/** How long somebody may take to sign in. */
const FLOW_MS = 600_000;
/** A longer place to go to afterwards is not worth a cookie. */
const LONGEST_NEXT = 1_000;
/** Flows that came to their end, remembered until they would be too old anyway. */
const MOST_ENDED = 10_000;

/** What is said to the issuer and has to come back, or be shown once more, so that the answer is the one to our question. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * Signing in, between the moment the browser leaves and the one it comes back. Only the browser remembers it, sealed: nobody
 * can crowd out somebody else's, and a restart of the server loses none. What the issuer must not be told by anybody but us
 * is made of its id with our key, and stands nowhere.
 */
export interface Flows {
  begin(next: string): Promise<{ readonly flow: Flow; readonly cookie: string }>;
  /** What this browser began; good once. @throws UserError `token-needed`. */
  end(request: Request): Promise<{ readonly flow: Flow; readonly next: string }>;
  /** The header that makes the browser forget it. */
  clear(): Promise<string>;
}

export function createFlows({ url, port }: Pick<WebSettings, 'url' | 'port'>, key: string, clock: Clock): Flows {
  const secure = url?.startsWith('https:') ?? false;
  const name = secure ? '__Host-cml-sign-in' : `cml_sign_in_${port}`;
  const options = { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const;
  const cookieKey = sealOf(key, 'sign-in', 'cookie');
  const ended = new Map<string, number>();
  const now = () => clock.now().getTime();

  const flowOf = (id: string): Flow => ({
    state: sealOf(key, 'sign-in state', id),
    nonce: sealOf(key, 'sign-in nonce', id),
    codeVerifier: sealOf(key, 'sign-in verifier', id),
  });

  function noteEnd(id: string): void {
    for (const [other, until] of ended) if (until <= now()) ended.delete(other);
    const [oldest] = ended.keys();
    if (ended.size >= MOST_ENDED && oldest !== undefined) ended.delete(oldest);
    ended.set(id, now() + FLOW_MS);
  }

  return {
    async begin(next) {
      const id = randomBytes(32).toString('base64url');
      const value = `${id} ${now()} ${next.length > LONGEST_NEXT ? '/' : next}`;
      const cookie = await serializeSigned(name, value, cookieKey, { ...options, maxAge: FLOW_MS / 1_000 });
      return { flow: flowOf(id), cookie };
    },
    async end({ headers }) {
      const cookies = headers.get('cookie');
      const value = cookies === null ? undefined : (await parseSigned(cookies, cookieKey, name))[name];
      const [, id, begunAt, next] = /^(\S+) (\d+) (.+)$/.exec(value || '') ?? [];
      if (id === undefined || next === undefined || now() - Number(begunAt) >= FLOW_MS || ended.has(id)) {
        throw new UserError('token-needed', 'This sign-in was not begun in this browser, or is over already.', {
          hint: 'Begin anew: it takes less than ten minutes.',
        });
      }
      noteEnd(id);
      return { flow: flowOf(id), next };
    },
    clear: () => serializeSigned(name, '', cookieKey, { ...options, maxAge: 0 }),
  };
}
