import { AppError, explain } from '../../errors.ts';
import type { RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { type GuardOrder, readOrder } from './guard-order.ts';
import { type PutBack, putBackUnserved } from './guard-put-back.ts';
import { SECRET } from './kinds.ts';
import { readNote } from './note.ts';
import { tell } from './page.ts';
import { endQuiet } from './quiet.ts';
import { startServices } from './start-services.ts';
import { guardName, takeOver } from './taken-over.ts';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** An attempt that takes longer goes on, since ending it half-way helps nobody, but people are told. */
const ATTEMPT_MS = 180_000;
const PAGE_AGAIN_MS = 3_600_000;

/**
 * What the guard does once its time has come. It tries for ever, pages at the first failure and every hour after it, and
 * ends when services are up, when someone else has them up, or when it is disarmed.
 */
export async function actAsGuard(context: KubeContext, order: GuardOrder, putBack: PutBack): Promise<void> {
  const { operationId, workspace, pageCommand: command } = order;
  const pager = createPager(context, order);
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
    try {
      const did = await watched(context, bringBack(context, order, putBack), pager.page);
      context.log.info({ operationId, did }, 'the guard is done');
      const sentence = `${workspace}: the guard has core services up again.`;
      if (pager.hasPaged()) await tell(context, operationId, { sentence, urgent: false, command });
      return;
    } catch (cause) {
      // Everything is caught, a bug too: there is no journal and nobody else behind the guard, only the page.
      context.log.error({ operationId, why: explain(cause) }, 'the guard could not bring services back');
      await pager.page(cause);
    }
    await context.clock.sleep(retryMs);
  }
}

interface Pager {
  readonly hasPaged: () => boolean;
  /** Tells people, unless they were told within the hour. */
  readonly page: (cause: unknown) => Promise<void>;
}

function createPager(context: KubeContext, order: GuardOrder): Pager {
  let pagedAt: number | undefined;
  return {
    hasPaged: () => pagedAt !== undefined,
    async page(cause) {
      if (pagedAt !== undefined && performance.now() - pagedAt < PAGE_AGAIN_MS) return;
      const page = { sentence: pageText(order, cause), urgent: true, command: order.pageCommand };
      if (await tell(context, order.operationId, page)) pagedAt = performance.now();
    },
  };
}

/** Pages while an attempt does not come to its end: storage that hangs answers neither yes nor no. */
async function watched<T>(context: KubeContext, attempt: Promise<T>, page: Pager['page']): Promise<T> {
  const over = new AbortController();
  const ended = attempt.finally(() => over.abort());
  const watching = watchFor(context, over.signal, page);
  try {
    return await ended;
  } finally {
    await watching;
  }
}

async function watchFor({ clock }: KubeContext, over: AbortSignal, page: Pager['page']): Promise<void> {
  const minutes = ATTEMPT_MS / 60_000;
  while (!over.aborted) {
    const isLate = await clock.sleep(ATTEMPT_MS, over).then(
      () => true,
      () => false,
    );
    if (isLate) await page(new Error(`it has been trying for more than ${minutes} minutes and has no answer yet`));
  }
}

async function bringBack(context: KubeContext, order: GuardOrder, putBack: PutBack): Promise<string> {
  const { operationId, namespace } = order;
  const standing = await readOrder(context.cluster, namespace, operationId);
  if (standing === undefined) return 'nothing: it was disarmed';
  const note = await readNote(context);
  if (note?.operationId !== operationId) return finish(context, operationId, 'nothing: services were started already');
  // Before anything is taken over: who writes in place may still live and go on.
  await putBack.assertNotInPlace(context);
  await takeOver(context, operationId, false);
  await endQuiet(context);
  await putBackUnserved(context, standing, note, putBack);
  const did = await startAll(context, note);
  await takeOver(context, operationId, true);
  return finish(context, operationId, did);
}

async function startAll(context: KubeContext, note: RunningNote): Promise<string> {
  const { services } = await startServices(context, note, {});
  return `started ${services.join(', ') || 'no service, none had run'}`;
}

/** Without its order the guard of this operation has nothing to do any more, even if its pod is started again. */
async function finish({ cluster, namespace }: KubeContext, operationId: string, did: string): Promise<string> {
  await cluster.remove(SECRET, guardName(operationId), namespace);
  return did;
}

function pageText({ workspace, operationId }: GuardOrder, cause: unknown): string {
  const hint = cause instanceof AppError && cause.hint ? ` (${cause.hint})` : '';
  return `${workspace}: core services are down. Operation ${operationId} did not return and the guard could not bring them back: ${explain(cause)}${hint}. It keeps trying.`;
}
