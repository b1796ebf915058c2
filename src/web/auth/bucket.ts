import { UserError } from '../../errors.ts';

export interface BucketSettings {
  /** So many at once. */
  readonly most: number;
  /** One more is allowed each time this has passed. */
  readonly refillMs: number;
  readonly now: () => number;
}

/** How often something may be tried, for each name apart. */
export interface Buckets {
  /** @throws UserError `too-often` when nothing is left; the seconds to wait are handed to `onWait` first. */
  check(name: string, onWait?: (seconds: number) => void): void;
  take(name: string): void;
  giveBack(name: string): void;
}

/** Bounds what strangers can make us remember: names that waited longest are forgotten first. */
const MOST_NAMES = 10_000;

export function createBuckets({ most, refillMs, now }: BucketSettings): Buckets {
  const levels = new Map<string, { readonly left: number; readonly at: number }>();

  function leftFor(name: string): number {
    const level = levels.get(name);
    return level ? Math.min(most, level.left + Math.max(0, now() - level.at) / refillMs) : most;
  }

  function set(name: string, left: number): void {
    levels.delete(name); // so that the order is that of use
    levels.set(name, { left, at: now() });
    const [oldest] = levels.keys();
    if (levels.size > MOST_NAMES && oldest !== undefined) levels.delete(oldest);
  }

  return {
    check(name, onWait) {
      const left = leftFor(name);
      if (left >= 1) return;
      const seconds = Math.ceil(((1 - left) * refillMs) / 1_000);
      onWait?.(seconds);
      throw new UserError('too-often', 'That was tried too often.', { hint: `Try again in ${seconds} s.` });
    },
    take: (name) => set(name, Math.max(0, leftFor(name) - 1)),
    giveBack: (name) => set(name, Math.min(most, leftFor(name) + 1)),
  };
}
