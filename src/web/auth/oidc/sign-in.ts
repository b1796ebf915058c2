import { type Context, Hono } from 'hono';
import { isAppError } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import type { WebSettings } from '../../settings.ts';
import type { WebEnv } from '../../visitor.ts';
import type { Admission } from '../admission.ts';
import { hashOf } from '../hash.ts';
import type { LoginNotes } from '../login-notes.ts';
import { nextPath } from '../next-path.ts';
import type { Opening } from '../open-session.ts';
import type { AddressOf } from '../visitor-address.ts';
import type { Flows } from './flow.ts';
import type { Issuer } from './issuer.ts';

/** What the issuer said, kept for logging out there, for as many sessions as there may be. */
const MOST_TOKENS = 1_000;

export interface SignInOptions {
  readonly settings: Pick<WebSettings, 'url'>;
  readonly longestMs: number;
  readonly issuer: Issuer;
  readonly flows: Flows;
  readonly admission: Admission;
  readonly open: Opening;
  readonly notes: LoginNotes;
  readonly addressOf: AddressOf;
  readonly log: Log;
}

/** Signing in elsewhere and coming back. */
export interface SignIn {
  /** What stands on the button. */
  readonly name: string;
  readonly app: Hono<WebEnv>;
  /** Where to log out too, of a session that was begun so; undefined where that cannot be. */
  farewell(context: Context<WebEnv>, sessionId: string): Promise<URL | undefined>;
}

export function createSignIn({ settings, issuer, flows, ...options }: SignInOptions): SignIn {
  const { longestMs, admission, open, notes, addressOf, log } = options;
  const idTokens = new Map<string, string>();
  const app = new Hono<WebEnv>();
  // By our own name for us, never by one that somebody else said: a code is sent to where this leads.
  const here = (path: string, { req }: Context<WebEnv>) => new URL(path, settings.url ?? req.url);

  app.use('/login/oidc/*', async (context, next) => {
    await next();
    if (context.error) await notes.refused(context.error, addressOf(context));
  });

  app.get('/login/oidc', async (context) => {
    const { flow, cookie } = await flows.begin(nextPath(context.req.query('next')));
    const there = await issuer.begin(flow, here('/login/oidc/callback', context));
    context.header('set-cookie', cookie);
    context.header('cache-control', 'no-store');
    return context.redirect(there.href, 302);
  });

  app.get('/login/oidc/callback', async (context) => {
    context.header('cache-control', 'no-store');
    context.header('set-cookie', await flows.clear(), { append: true });
    const { flow, next } = await flows.end(context.req.raw);
    const answered = here('/login/oidc/callback', context);
    answered.search = new URL(context.req.url).search;
    const { claims, idToken } = await issuer.finish(answered, flow);
    const { person, scopes } = await admission.bySignIn(claims);
    const id = await open(context, person, { scopes, longestMs });
    keep(hashOf(id), idToken);
    return context.redirect(nextPath(next), 303);
  });

  function keep(hash: string, idToken: string): void {
    const [oldest] = idTokens.keys();
    if (idTokens.size >= MOST_TOKENS && oldest !== undefined) idTokens.delete(oldest);
    idTokens.set(hash, idToken);
  }

  return {
    name: issuer.name,
    app,
    async farewell(context, sessionId) {
      const hash = hashOf(sessionId);
      const idToken = idTokens.get(hash);
      idTokens.delete(hash);
      try {
        return await issuer.farewell(here('/login', context), idToken);
      } catch (error) {
        if (!isAppError(error)) throw error;
        log.warn({ err: error }, 'somebody logged out here, and could not where they signed in');
        return undefined;
      }
    },
  };
}
