import type { Chat } from '../chat/chat.ts';
import { isAppError, OperationError } from '../errors.ts';
import type { StepContext } from './operation.ts';

/** Longest pause between two looks at the clock and at what people said, in milliseconds. */
const LOOK_MS = 500;
/** How late we may be and still call it the announced time, in milliseconds. */
const LATE_MS = 5_000;

export interface Countdown {
  readonly noticeMs: number;
  /** Services are not stopped any more from then on: the off-peak hours are over. */
  readonly closesAt?: Date | undefined;
  /** Looks once more at what the stop stands on; rejects when it may not happen any more. */
  lookAgain(signal: AbortSignal): Promise<void>;
  /** Tells people that services stop at this moment. */
  announce(stopsAt: Date): Promise<void>;
}

/** Tells people and writes down when services are going to be stopped. */
export async function announceStop(context: StepContext, countdown: Countdown): Promise<void> {
  const told = context.stopsAt();
  // After a restart a moment that is still to come is said again, and not moved: people may have postponed to it.
  if (told && told.getTime() > context.now().getTime()) return countdown.announce(told);
  const stopsAt = new Date(context.now().getTime() + countdown.noticeMs);
  refuseAfterHours(stopsAt, countdown);
  await countdown.announce(stopsAt);
  await context.announced(stopsAt);
}

/**
 * Waits until the announced moment, wherever people moved it. A moment that has passed (we were away or stopped, the clock
 * was set forward, copying took longer than the notice) is announced anew: services never stop at a time that nobody was
 * told.
 */
export async function countDown(context: StepContext, countdown: Countdown): Promise<void> {
  for (;;) {
    const told = context.stopsAt();
    const isLate = told !== undefined && context.now().getTime() - told.getTime() > LATE_MS;
    if (!told || (isLate && countdown.noticeMs > 0)) await announceStop(context, countdown);
    const leftMs = (context.stopsAt()?.getTime() ?? 0) - context.now().getTime();
    if (leftMs <= 0) {
      refuseAfterHours(context.now(), countdown);
      await countdown.lookAgain(context.signal);
      if (await context.countedDown()) return;
      continue;
    }
    context.progress({ remainingMs: leftMs });
    await context.sleep(Math.min(leftMs, LOOK_MS));
  }
}

/** Copying took longer than its window, or people moved the stop to its very end. */
function refuseAfterHours(stopsAt: Date, { closesAt }: Countdown): void {
  if (!closesAt || stopsAt < closesAt) return;
  throw new OperationError('put-off', 'Services could not be stopped before its window closed, so it is put off.', {
    hint: 'It is tried again at its next time. Ask for it yourself if it cannot wait.',
  });
}

/** A person who asks may go on when the chat is down: they know. Nobody is surprised by a schedule that reached no one. */
export async function announceToPeople(
  chat: Chat,
  message: Parameters<Chat['announce']>[0],
  trigger: 'person' | 'schedule',
): Promise<void> {
  let reached = 0;
  try {
    reached = (await chat.announce(message)).reached;
  } catch (error) {
    if (!isAppError(error) || trigger === 'schedule') throw error;
  }
  if (reached > 0 || trigger === 'person') return;
  throw new OperationError('preflight-failed', 'The announcement reached nobody, so services were not stopped.', {
    hint: 'Mend the chat, or ask for it yourself.',
  });
}
