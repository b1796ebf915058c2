import type { Clock } from '../clock.ts';
import { explain } from '../errors.ts';
import type { Log } from '../log.ts';

const POLL_MS = 500;

/** What any order to a guard on this machine says about its time. */
export interface TimedOrder {
  readonly operationId: string;
  /** New with every arming; the guard answers with it. */
  readonly nonce: string;
  readonly actsAt: string;
  /** From arming to `actsAt`, in ms: measured by a clock that nobody can set. */
  readonly spanMs: number;
}

export interface GuardPost<Order extends TimedOrder> {
  readonly operationId: string;
  /** The order that stands now, if any. */
  readonly read: () => Promise<Order | undefined>;
  /** Proof that the guard lives and knows. */
  readonly answer: (nonce: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Waits for the time of the order as it stands at each look; undefined when it was disarmed. */
export async function awaitTime<Order extends TimedOrder>(post: GuardPost<Order>): Promise<Order | undefined> {
  const { operationId, clock } = post;
  let seen = { nonce: '', atMs: 0 };
  let answered = '';
  let known: Order | undefined;
  for (;;) {
    const order = await readOrder(post, known);
    if (order?.operationId !== operationId) return undefined;
    known = order;
    if (order.nonce !== seen.nonce) {
      seen = { nonce: order.nonce, atMs: performance.now() };
    }
    if (order.nonce !== answered && (await hasAnswered(post, order.nonce))) answered = order.nonce;
    // Either clock will do: the wall clock may be set back, the other one stands still while a machine sleeps.
    const isTime = clock.now() >= new Date(order.actsAt) || performance.now() - seen.atMs >= order.spanMs;
    if (isTime) return order;
    await clock.sleep(POLL_MS);
  }
}

/** Unanswered, whoever armed it knows that something is wrong; it acts at its time all the same. */
async function hasAnswered<Order extends TimedOrder>(post: GuardPost<Order>, nonce: string): Promise<boolean> {
  try {
    await post.answer(nonce);
    return true;
  } catch (cause) {
    post.log.warn({ why: explain(cause) }, 'the guard cannot answer');
    return false;
  }
}

/** An order that cannot be read for now is no disarming: the one that is known goes on to hold. */
async function readOrder<Order extends TimedOrder>(
  { read, log }: GuardPost<Order>,
  known: Order | undefined,
): Promise<Order | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (!known) throw cause;
    log.warn({ why: explain(cause) }, 'the order of the guard cannot be read');
    return known;
  }
}
