import { execa } from 'execa';
import { AppError, explain } from '../../errors.ts';
import type { RunningNote } from '../platform.ts';
import { dropBallast } from './ballast.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { type GuardOrder, guardOrder } from './guard-order.ts';
import { assertNotInPlace } from './in-place.ts';
import { readNote } from './note.ts';
import { programEnvironment } from './program-environment.ts';
import { putBackUnserved } from './put-back.ts';
import { endQuiet } from './quiet.ts';
import { startServices } from './start-services.ts';
import { readState, removeState } from './state-file.ts';
import { takeOver } from './taken-over.ts';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** An attempt that takes longer goes on, since ending it half-way helps nobody, but people are told. */
const ATTEMPT_MS = 180_000;
const PAGE_AGAIN_MS = 3_600_000;

/**
 * What the guard does once its time has come. It tries for ever, pages at the first failure and every hour after it, and
 * ends when services are up, when someone else has them up, or when it is disarmed.
 */
export async function actAsGuard(context: LocalContext, order: GuardOrder): Promise<void> {
  const { operationId, workspace } = order;
  const page = pager(context, order);
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
    try {
      const did = await watched(context, bringBack(context, order), page.page);
      context.log.info({ operationId, did }, 'the guard is done');
      if (page.hasPaged()) await tell(context, order, `${workspace}: the guard has core services up again.`, false);
      return;
    } catch (cause) {
      // Everything is caught, a bug too: there is no journal and nobody else behind the guard, only the page.
      context.log.error({ operationId, why: explain(cause) }, 'the guard could not bring services back');
      await page.page(cause);
    }
    await context.clock.sleep(retryMs);
  }
}

interface Pager {
  readonly hasPaged: () => boolean;
  /** Tells people, unless they were told within the hour. */
  readonly page: (cause: unknown) => Promise<void>;
}

function pager(context: LocalContext, order: GuardOrder): Pager {
  let pagedAt: number | undefined;
  return {
    hasPaged: () => pagedAt !== undefined,
    async page(cause) {
      if (pagedAt !== undefined && performance.now() - pagedAt < PAGE_AGAIN_MS) return;
      if (await tell(context, order, pageText(order, cause), true)) pagedAt = performance.now();
    },
  };
}

/** Pages while an attempt does not come to its end: storage that hangs answers neither yes nor no. */
async function watched<T>(context: LocalContext, attempt: Promise<T>, page: Pager['page']): Promise<T> {
  const over = new AbortController();
  const ended = attempt.finally(() => over.abort());
  const watching = watchFor(context, over.signal, page);
  try {
    return await ended;
  } finally {
    await watching;
  }
}

async function watchFor({ clock }: LocalContext, over: AbortSignal, page: Pager['page']): Promise<void> {
  const minutes = ATTEMPT_MS / 60_000;
  while (!over.aborted) {
    const isLate = await clock.sleep(ATTEMPT_MS, over).then(
      () => true,
      () => false,
    );
    if (isLate) await page(new Error(`it has been trying for more than ${minutes} minutes and has no answer yet`));
  }
}

async function bringBack(context: LocalContext, order: GuardOrder): Promise<string> {
  const { operationId } = order;
  await dropBallast(context);
  const note = await context.lock.hold(async (): Promise<RunningNote | string> => {
    const standingOrder = await readState(stateFiles.guardOrder(context.folder), guardOrder);
    if (standingOrder?.operationId !== operationId) return 'nothing: it was disarmed';
    const standing = await readNote(context);
    if (standing?.operationId !== operationId) return 'nothing: services were started already';
    // Before anything is taken over: who writes in place may still live and go on.
    await assertNotInPlace(context);
    await takeOver(context, operationId, false);
    await endQuiet(context);
    return standing;
  });
  if (typeof note === 'string') return finish(context, operationId, note, false);
  await putBackUnserved(context, order, note);
  const { services } = await startServices(context, note, {});
  return finish(context, operationId, `started ${services.join(', ') || 'no service, none had run'}`, true);
}

/** A guard that found everything up has taken nothing over: the operation, should it return, may go on. */
async function finish(context: LocalContext, operationId: string, did: string, hasStarted: boolean): Promise<string> {
  await context.lock.hold(async () => {
    const order = await readState(stateFiles.guardOrder(context.folder), guardOrder);
    if (order?.operationId !== operationId) return;
    if (hasStarted) await takeOver(context, operationId, true);
    await removeState(stateFiles.guardAnswer(context.folder));
    await removeState(stateFiles.guardOrder(context.folder));
  });
  return did;
}

function pageText({ workspace, operationId }: GuardOrder, cause: unknown): string {
  const hint = cause instanceof AppError && cause.hint ? ` (${cause.hint})` : '';
  return `${workspace}: core services are down. Operation ${operationId} did not return and the guard could not bring them back: ${explain(cause)}${hint}. It keeps trying.`;
}

/** Whoever cannot be told must not keep the guard from its work. */
async function tell({ log }: LocalContext, order: GuardOrder, sentence: string, isUrgent: boolean): Promise<boolean> {
  const [program, ...args] = order.pageCommand ?? [];
  if (program === undefined) return false;
  const told = await execa(program, args, {
    input: `${sentence}\n`,
    reject: false,
    timeout: 30_000,
    extendEnv: false,
    env: { ...programEnvironment(), ...(isUrgent ? { CML_URGENT: '1', CML_TONE: 'page' } : { CML_TONE: 'good' }) },
  });
  if (told.exitCode === 0) return true;
  log.error({ why: explain(told.cause), command: program }, 'the page command failed');
  return false;
}
