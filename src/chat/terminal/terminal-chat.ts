import { appendFile } from 'node:fs/promises';
import pRetry from 'p-retry';
import type { Clock } from '../../clock.ts';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Chat, Message } from '../chat.ts';
import type { Hub } from './hub.ts';
import { createNotify } from './notify.ts';
import { plainLine } from './plain.ts';
import type { FollowEvent } from './protocol.ts';

export interface TerminalChatOptions {
  /** One line for each message; anybody may read it. */
  readonly messagesFile: string;
  /** Program and arguments, run for each message: mail, a pager, `wall`. */
  readonly notifyCommand?: readonly [string, ...string[]] | undefined;
  readonly followers: Hub;
  readonly clock: Clock;
  readonly log: Log;
  /** How long to wait before the command of a page is tried again, in milliseconds; doubled each time. Default 500. */
  readonly pageAgainMs?: number;
}

/** By which ways a message got out. */
interface Delivery {
  readonly followers: number;
  readonly written: boolean;
  readonly notified: boolean;
  readonly problems: readonly unknown[];
}

const MESSAGES_FILE_MODE = 0o644;
const PAGE_RETRIES = 3;

/**
 * Says things where there is no chat service: in a file, to those who follow, and through a command of the deployer's.
 * Every message goes all three ways; it counts as said when one of them worked, and what else failed is logged.
 *
 * `reached` counts the terminals that follow, plus one when the command took it. The file counts as one only where no
 * command is configured: it is then the agreed place to look, while a command that failed means that nobody was told.
 */
export function createTerminalChat(options: TerminalChatOptions): Chat {
  const { messagesFile, followers, clock, log, pageAgainMs = 500 } = options;
  const notify = options.notifyCommand ? createNotify(options.notifyCommand) : undefined;

  async function write(message: Message, urgent: boolean): Promise<void> {
    const tone = urgent ? 'URGENT' : message.tone;
    const line = `${clock.now().toISOString()} ${tone.padEnd(7)} ${plainLine(message.text)}\n`;
    await appendFile(messagesFile, line, { mode: MESSAGES_FILE_MODE });
  }

  async function runCommand(message: Message, urgent: boolean): Promise<boolean> {
    if (!notify) return false;
    const once = () => notify.run(message, { urgent });
    await (urgent ? pRetry(once, { retries: PAGE_RETRIES, minTimeout: pageAgainMs, factor: 2 }) : once());
    return true;
  }

  async function deliver(message: Message, urgent = false): Promise<Delivery> {
    const event: FollowEvent = {
      type: 'message',
      message: { ...message, details: message.details ? [...message.details] : undefined },
    };
    const reached = followers.publish(event);
    const [written, notified] = await Promise.allSettled([write(message, urgent), runCommand(message, urgent)]);
    return {
      followers: reached,
      written: written.status === 'fulfilled',
      notified: notified.status === 'fulfilled' && notified.value,
      problems: [written, notified].flatMap((way) => (way.status === 'rejected' ? [way.reason] : [])),
    };
  }

  function reachedBy({ followers, written, notified }: Delivery): number {
    return followers + (notified || (!notify && written) ? 1 : 0);
  }

  function settle(delivery: Delivery, got: boolean, message: Message): void {
    const { problems } = delivery;
    if (!got) {
      throw new PortError('chat-unavailable', `Nobody could be told: ${plainLine(message.text)}`, {
        cause: problems.length === 1 ? problems[0] : new AggregateError(problems, 'No way out worked'),
        retryable: true,
        hint: `Look at "notify" in cml.yaml and at ${messagesFile}.`,
      });
    }
    for (const err of problems) log.warn({ err, key: message.key }, 'a message could not be said in one of the ways');
  }

  async function say(message: Message): Promise<Delivery> {
    const delivery = await deliver(message);
    settle(delivery, delivery.written || reachedBy(delivery) > 0, message);
    return delivery;
  }

  return {
    announce: async (message) => ({ reached: reachedBy(await say(message)) }),
    post: async (message) => {
      await say(message);
    },
    show: (view) => {
      followers.publish({ type: 'view', view });
    },
    async showRequest(request, message) {
      followers.publish({ type: 'request', request });
      await say(message);
    },
    async page(message) {
      const delivery = await deliver(message, true);
      // A line in a file wakes nobody, unless nothing louder was ever configured.
      settle(delivery, reachedBy(delivery) > 0, message);
    },
  };
}
