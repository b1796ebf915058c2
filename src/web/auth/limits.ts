import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Clock } from '../../clock.ts';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { createBuckets } from './bucket.ts';
import { createAddressOf, visitorOf } from './visitor-address.ts';

/** Guesses at a token: ten from one address, then one in six seconds. Who is let in pays nothing. */
const GUESSES = { most: 10, refillMs: 6_000 };
/** Changes: sixty by one person, then one a second. */
const CHANGES = { most: 60, refillMs: 1_000 };

const LOOKING = new Set(['GET', 'HEAD']);

/** Slows down whoever shows tokens that are not good, at the login as well as with every question. */
export function limitGuesses({ clock, settings, notes }: Pick<WebWorld, 'clock' | 'settings' | 'notes'>) {
  const addressOf = createAddressOf(settings.trustProxy);
  const buckets = createBuckets({ ...GUESSES, now: () => clock.now().getTime() });
  return createMiddleware<WebEnv>(async (context, next) => {
    const isGuess = context.req.header('authorization') !== undefined || isLogin(context);
    if (!isGuess) return next();
    const address = addressOf(context);
    const from = visitorOf(address);
    buckets.check(from, tellWait(context));
    buckets.take(from); // before it is known to be good, so that many at once gain nothing
    await next();
    if (context.res.status !== 401) buckets.giveBack(from);
    else if (!isSignIn(context)) await notes?.refused(context.error, address);
  });
}

export function limitChanges(clock: Clock) {
  const buckets = createBuckets({ ...CHANGES, now: () => clock.now().getTime() });
  return createMiddleware<WebEnv>(async (context, next) => {
    if (!LOOKING.has(context.req.method)) {
      const { name } = context.get('visitor').person;
      buckets.check(name, tellWait(context));
      buckets.take(name);
    }
    await next();
  });
}

/** Those tell it themselves. */
function isSignIn({ req }: Context<WebEnv>): boolean {
  return req.path === '/login/oidc/callback';
}

function isLogin(context: Context<WebEnv>): boolean {
  const { req } = context;
  if (isSignIn(context)) return true;
  return req.path === '/login' && (req.method === 'POST' || req.query('link') !== undefined);
}

function tellWait(context: Context<WebEnv>) {
  return (seconds: number) => context.header('retry-after', String(seconds));
}
