import type { Clock } from '../clock.ts';
import { AppError, explain } from '../errors.ts';
import type { Log } from '../log.ts';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** An attempt that takes longer goes on, since ending it half-way helps nobody, but people are told. */
const ATTEMPT_MS = 180_000;
const PAGE_AGAIN_MS = 3_600_000;

/** What a guard of any platform has to do once its time has come. */
export interface GuardDuty {
  readonly workspace: string;
  readonly operationId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** One attempt; answers what it did, also when there was nothing to do. */
  readonly bringBack: () => Promise<string>;
  /** True when it was taken. Never rejects: whoever cannot be told must not keep the guard from its work. */
  readonly tell: (sentence: string, isUrgent: boolean) => Promise<boolean>;
}

/** Tries for ever, pages at the first failure and every hour after it, and ends when an attempt comes to its end. */
export async function tryUntilUp(duty: GuardDuty): Promise<void> {
  const { workspace, operationId, clock, log } = duty;
  const pager = createPager(duty);
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
    try {
      const did = await watched(clock, duty.bringBack(), pager.page);
      log.info({ operationId, did }, 'the guard is done');
      if (pager.hasPaged()) await duty.tell(`${workspace}: the guard has core services up again.`, false);
      return;
    } catch (cause) {
      // Everything is caught, a bug too: there is no journal and nobody else behind the guard, only the page.
      log.error({ operationId, why: explain(cause) }, 'the guard could not bring services back');
      await pager.page(cause);
    }
    await clock.sleep(retryMs);
  }
}

interface Pager {
  readonly hasPaged: () => boolean;
  /** Tells people, unless they were told within the hour. */
  readonly page: (cause: unknown) => Promise<void>;
}

function createPager(duty: GuardDuty): Pager {
  let pagedAt: number | undefined;
  return {
    hasPaged: () => pagedAt !== undefined,
    async page(cause) {
      if (pagedAt !== undefined && performance.now() - pagedAt < PAGE_AGAIN_MS) return;
      if (await duty.tell(pageText(duty, cause), true)) pagedAt = performance.now();
    },
  };
}

/** Pages while an attempt does not come to its end: storage that hangs answers neither yes nor no. */
async function watched<T>(clock: Clock, attempt: Promise<T>, page: Pager['page']): Promise<T> {
  const over = new AbortController();
  const ended = attempt.finally(() => over.abort());
  const watching = watchFor(clock, over.signal, page);
  try {
    return await ended;
  } finally {
    await watching;
  }
}

async function watchFor(clock: Clock, over: AbortSignal, page: Pager['page']): Promise<void> {
  const minutes = ATTEMPT_MS / 60_000;
  while (!over.aborted) {
    const isLate = await clock.sleep(ATTEMPT_MS, over).then(
      () => true,
      () => false,
    );
    if (isLate) await page(new Error(`it has been trying for more than ${minutes} minutes and has no answer yet`));
  }
}

function pageText({ workspace, operationId }: GuardDuty, cause: unknown): string {
  const hint = cause instanceof AppError && cause.hint ? ` (${cause.hint})` : '';
  return `${workspace}: core services are down. Operation ${operationId} did not return and the guard could not bring them back: ${explain(cause)}${hint}. It keeps trying.`;
}
