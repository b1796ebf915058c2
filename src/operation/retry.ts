import pRetry from 'p-retry';
import { PortError } from '../errors.ts';

export interface RetryDelays {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const usualDelays: RetryDelays = { firstMs: 1_000, longestMs: 30_000 };

/** Only what says so itself is worth another try. */
export function isRetryable(error: unknown): boolean {
  return error instanceof PortError && error.retryable;
}

/** Tries again with growing pauses, as long as `worthIt` says so; rejects with the last error, or the signal's reason. */
export async function retry<Result>(
  work: (attempt: number) => Promise<Result>,
  options: { retries: number; delays: RetryDelays; worthIt: (error: unknown) => boolean; signal?: AbortSignal },
): Promise<Result> {
  return pRetry(work, {
    retries: options.retries,
    minTimeout: options.delays.firstMs,
    maxTimeout: options.delays.longestMs,
    factor: 2,
    shouldRetry: ({ error }) => options.worthIt(error),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
