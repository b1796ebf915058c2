import { setTimeout as wait } from 'node:timers/promises';

/** Time is an input: rooms receive a clock and never ask the machine themselves. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Source: Node's documentation of setTimeout; 2^31 - 1 milliseconds, about 24.8 days. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      // Node fires at once what is longer than its timers can count.
      for (let leftMs = ms; leftMs > 0 || leftMs === ms; leftMs -= LONGEST_TIMER_MS) {
        await wait(Math.min(leftMs, LONGEST_TIMER_MS), undefined, signal ? { signal } : {});
      }
    } catch (cause) {
      throw signal?.aborted ? signal.reason : cause;
    }
  },
};
