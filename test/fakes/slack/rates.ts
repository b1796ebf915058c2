import { text } from './args.ts';
import type { JsonObject } from './kinds.ts';
import type { Method, Tier } from './methods/method.ts';

/** Calls that a minute allows (docs.slack.dev, rate limits); `many` stands for "hundreds". */
const PER_MINUTE: Record<Exclude<Tier, 'post'>, number> = { 1: 1, 2: 20, 3: 50, 4: 100, many: 300 };
/** Posting: one a second and channel, "short bursts" on top, which nobody measured. */
const POST_BURST = 20;
const POSTS_PER_MINUTE = 300;

export interface Rates {
  /** Seconds to wait, or undefined when the call may go. */
  take(name: string, method: Method, args: JsonObject): number | undefined;
  /** The most calls of one method within any one minute. */
  busiest(method: string): number;
}

/** Counts in any case; refuses only when the limits are enforced. */
export function createRates(now: () => number, isEnforced: boolean): Rates {
  const calls = new Map<string, number[]>();
  const peaks = new Map<string, number>();
  const takeOf = (key: string, allowed: number, windowMs: number): number | undefined => {
    const at = now();
    const recent = (calls.get(key) ?? []).filter((one) => one > at - windowMs);
    calls.set(key, recent);
    const [first = at] = recent;
    if (isEnforced && recent.length >= allowed) return Math.max(1, Math.ceil((first + windowMs - at) / 1000));
    recent.push(at);
    peaks.set(key, Math.max(peaks.get(key) ?? 0, recent.length));
    return undefined;
  };
  return {
    take: (name, method, args) => {
      if (method.tier !== 'post') return takeOf(name, PER_MINUTE[method.tier], 60_000);
      const inChannel = takeOf(`${name} ${text(args, 'channel')}`, POST_BURST, POST_BURST * 1000);
      return inChannel ?? takeOf(name, POSTS_PER_MINUTE, 60_000);
    },
    busiest: (method) => peaks.get(method) ?? 0,
  };
}
