import type { Clock } from '../clock.ts';

export interface Limits {
  /** Aborts the work with its reason. */
  readonly signal?: AbortSignal;
  readonly timeouts: readonly { readonly ms: number; readonly because: () => Error }[];
  /** Work that was aborted may clean up this long (restic gives its lock back); then we go on without it. */
  readonly settleMs: number;
}

/**
 * Runs work under a signal of its own that is aborted by the first limit reached. Work that does not listen to its signal
 * cannot hold us: starting services must never wait for a hung disk.
 */
export async function attempt<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  limits: Limits,
  clock: Clock,
): Promise<Result> {
  const controller = new AbortController();
  const over = new AbortController();
  const stop = () => controller.abort(limits.signal?.reason);
  if (limits.signal?.aborted) throw limits.signal.reason;
  limits.signal?.addEventListener('abort', stop, { once: true });
  for (const { ms, because } of limits.timeouts) {
    void clock.sleep(Math.max(0, ms), over.signal).then(
      () => controller.abort(because()),
      () => undefined, // the work ended first
    );
  }
  const abandoned = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      void clock.sleep(limits.settleMs, over.signal).then(
        () => reject(controller.signal.reason),
        () => undefined,
      );
    });
  });
  try {
    return await Promise.race([work(controller.signal), abandoned]);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    limits.signal?.removeEventListener('abort', stop);
    over.abort();
  }
}
