import { repeatBrokenGlass } from '../chat/messages/broken-glass.ts';
import { AppError, OperationError, ServicesDownError } from '../errors.ts';
import type { Operation } from '../records/operation.ts';
import { attempt } from './attempt.ts';
import { type Journal, recordError } from './journal.ts';
import type { StoryDeclaration } from './operation.ts';
import { isRetryable, retry } from './retry.ts';
import type { RunnerWorld } from './runner-world.ts';
import { viewOperation } from './view.ts';

const END_RETRIES = 5;
/** Between two tries to write an end that nobody waits for any more. */
const WRITE_AGAIN_MS = 30_000;
/** About half an hour with the usual delays. */
const PAGE_RETRIES = 60;
/** A chat that never answers must not keep the operation open, in milliseconds. */
const POST_MS = 60_000;

interface End {
  readonly outcome: unknown;
  readonly failure: AppError | undefined;
  /** There is something left that only a later life can remove. */
  readonly staysOpen: boolean;
}

/** An operation that was told to its end, and what may still have to be done to its record. */
export interface Finished {
  readonly operation: Operation;
  /** Resolves when the record is written; answers whether it stays open for another life, which has things to remove. */
  readonly closed: Promise<{ readonly isLeftOpen: boolean }>;
}

/**
 * Writes the end, posts it, then closes the record. A crash in between posts it once more: an end said twice is better
 * than one never said.
 * @param setOver called when the end stands on record and nobody was shown it yet
 */
export async function finishOperation(
  declaration: StoryDeclaration,
  journal: Journal,
  world: RunnerWorld,
  setOver: () => void,
  end?: End,
): Promise<Finished> {
  const isWritten = end ? await writeEnd(journal, world, end) : true;
  if (isWritten) setOver();
  const operation = journal.operation();
  world.chat.show(viewOperation(declaration, operation));
  const message = repeatBrokenGlass(declaration.ended(operation), operation);
  const isUrgent = end?.failure instanceof ServicesDownError || operation.error?.code === 'services-still-down';
  const because = () => new OperationError('timed-out', 'The chat took too long.');
  const limits = { timeouts: [{ ms: POST_MS, because }], settleMs: 0 };
  const post = () =>
    attempt(() => (isUrgent ? world.chat.page(message) : world.chat.post(message)), limits, world.clock);
  try {
    // An end may be lost to a chat that is down; a page may not: it is tried for long, whatever the chat says.
    const isWorthIt = (error: unknown) => (isUrgent ? error instanceof AppError : isRetryable(error));
    await retry(post, { retries: isUrgent ? PAGE_RETRIES : END_RETRIES, delays: world.delays, worthIt: isWorthIt });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    world.log.error(
      { operation: operation.id, error: recordError(error) },
      'the end of an operation could not be posted',
    );
  }
  if (!isWritten) return { operation, closed: writeLater(journal, world, setOver, end?.staysOpen === true) };
  await close(journal, world);
  return { operation, closed: Promise.resolve({ isLeftOpen: false }) };
}

/**
 * People were told of an end that the journal does not know: the next boot would take the operation up as if nothing had
 * happened. So it is written as soon as that can be; one that stays open then knows at least its failure.
 */
async function writeLater(journal: Journal, world: RunnerWorld, setOver: () => void, staysOpen: boolean) {
  for (;;) {
    try {
      await journal.end({});
      if (staysOpen) return { isLeftOpen: true };
      setOver();
      await close(journal, world);
      return { isLeftOpen: false };
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause; // a bug, as anywhere
    }
    await world.clock.sleep(WRITE_AGAIN_MS);
  }
}

async function close(journal: Journal, world: RunnerWorld): Promise<void> {
  const { id } = journal.operation();
  try {
    await world.operations.close(id);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    world.log.warn({ operation: id, error: recordError(error) }, 'an ended operation could not be closed');
  }
}

/** Answers false when the end stands in memory only. */
async function writeEnd(journal: Journal, world: RunnerWorld, end: End): Promise<boolean> {
  const at = world.clock.now().toISOString();
  const isCancel = end.failure?.code === 'cancelled';
  const status = !end.failure ? 'succeeded' : isCancel ? 'cancelled' : 'failed';
  const error = end.failure ? { error: recordError(end.failure) } : {};
  const outcome = end.outcome === undefined ? {} : { outcome: JSON.parse(JSON.stringify(end.outcome)) };
  const event = { type: 'ended' as const, at, status, ...error } as const;
  if (end.staysOpen) {
    journal.assume({ status, endedAt: at, ...error, ...outcome });
    return false;
  }
  const write = () =>
    journal.end({ status, endedAt: at, ...error, ...outcome, journal: [...journal.operation().journal, event] });
  try {
    await retry(write, { retries: END_RETRIES, delays: world.delays, worthIt: (cause) => cause instanceof AppError });
    return true;
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    world.log.error({ operation: journal.operation().id, error: recordError(cause) }, 'an end could not be written');
    journal.assume({ status, endedAt: at, ...error, ...outcome, journal: [...journal.operation().journal, event] });
    return false;
  }
}
