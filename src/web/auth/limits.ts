import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Clock } from '../../clock.ts';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { createBuckets } from './bucket.ts';
import { hashOf } from './hash.ts';
import { createAddressOf, visitorOf } from './visitor-address.ts';

/** Guesses at a token: ten from one address, then one in six seconds. Who is let in pays nothing. */
const GUESSES = { most: 10, refillMs: 6_000 };
/** Changes: sixty by one person, then one a second. */
const CHANGES = { most: 60, refillMs: 1_000 };

const LOOKING = new Set(['GET', 'HEAD']);

/** So many tokens are known as good: those that were not shown for long are forgotten. */
const MOST_GOOD = 1_000;

/**
 * Slows down whoever shows tokens that are not good, at the login as well as with every question. A token that was good
 * before, from the same place, is no guess: programs may ask many things at once.
 */
export function limitGuesses({ clock, settings, notes }: Pick<WebWorld, 'clock' | 'settings' | 'notes'>) {
  const addressOf = createAddressOf(settings.trustProxy);
  const buckets = createBuckets({ ...GUESSES, now: () => clock.now().getTime() });
  const good = createGoodTokens();
  return createMiddleware<WebEnv>(async (context, next) => {
    const shown = context.req.header('authorization');
    if (shown === undefined && !isLogin(context)) return next();
    const address = addressOf(context);
    const from = visitorOf(address);
    const token = shown === undefined || isLogin(context) ? undefined : hashOf(`${from} ${shown}`);
    const isGuess = !good.has(token);
    if (isGuess) {
      buckets.check(from, tellWait(context));
      buckets.take(from); // before it is known to be good, so that many at once gain nothing
    }
    await next();
    const isRefused = context.res.status === 401;
    // Where nobody looked at it, such as at the login, it is not known to be good.
    good.note(token, context.var.visitor !== undefined);
    if (isGuess && !isRefused) buckets.giveBack(from);
    if (isRefused && !isSignIn(context)) await notes?.refused(context.error, address);
  });
}

/** By their hashes. */
function createGoodTokens() {
  const known = new Set<string>();
  return {
    has: (token: string | undefined) => token !== undefined && known.has(token),
    note(token: string | undefined, isGood: boolean): void {
      if (token === undefined) return;
      known.delete(token); // so that the order is that of use
      if (isGood) known.add(token);
      const [oldest] = known;
      if (known.size > MOST_GOOD && oldest !== undefined) known.delete(oldest);
    },
  };
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
