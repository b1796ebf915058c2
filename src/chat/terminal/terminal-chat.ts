import { appendFile } from 'node:fs/promises';
import pRetry from 'p-retry';
import type { Clock } from '../../clock.ts';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Chat, Message } from '../chat.ts';
import type { Hub } from './hub.ts';
import { createNotify } from './notify.ts';
import { plainLine } from './plain.ts';

export interface TerminalChatOptions {
  /** One line for each message; anybody may read it. */
  readonly messagesFile: string;
  /** Program and arguments, run for each message: mail, a pager, `wall`. Asked for anew each time: it may be edited. */
  readonly notifyCommand?: () => readonly [string, ...string[]] | undefined;
  readonly followers: Hub;
  readonly clock: Clock;
  readonly log: Log;
  /** False where people have another chat to look at: then a line in the file reaches nobody. Default true. */
  readonly isFileRead?: boolean;
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

async function write({ messagesFile, clock }: TerminalChatOptions, message: Message, urgent: boolean): Promise<void> {
  const tone = urgent ? 'URGENT' : message.tone;
  const line = `${clock.now().toISOString()} ${tone.padEnd(7)} ${plainLine(message.text)}\n`;
  await appendFile(messagesFile, line, { mode: MESSAGES_FILE_MODE });
}

async function runCommand(options: TerminalChatOptions, message: Message, urgent: boolean): Promise<boolean> {
  const command = options.notifyCommand?.();
  if (!command) return false;
  const notify = createNotify(command);
  const once = () => notify.run(message, { urgent });
  const { pageAgainMs: minTimeout = 500 } = options;
  await (urgent ? pRetry(once, { retries: PAGE_RETRIES, minTimeout, factor: 2 }) : once());
  return true;
}

async function deliver(options: TerminalChatOptions, message: Message, urgent: boolean): Promise<Delivery> {
  const reached = options.followers.publish({ type: 'message', message });
  const [written, notified] = await Promise.allSettled([
    write(options, message, urgent),
    runCommand(options, message, urgent),
  ]);
  return {
    followers: reached,
    written: written.status === 'fulfilled',
    notified: notified.status === 'fulfilled' && notified.value,
    problems: [written, notified].flatMap((way) => (way.status === 'rejected' ? [way.reason] : [])),
  };
}

function nobodyTold({ messagesFile }: TerminalChatOptions, message: Message, problems: readonly unknown[]): PortError {
  return new PortError('chat-unavailable', `Nobody could be told: ${plainLine(message.text)}`, {
    cause: problems.length === 1 ? problems[0] : new AggregateError(problems, 'No way out worked'),
    retryable: true,
    hint: `Look at "notify" in cml.yaml and at ${messagesFile}.`,
  });
}

/**
 * Says things where there is no chat service: in a file, to those who follow, and through a command of the deployer's.
 * Every message goes all three ways; it counts as said when one of them worked, and what else failed is logged.
 *
 * `reached` counts the terminals that follow, plus one when the command took it. The file counts as one only where no
 * command and no other chat is configured: it is then the agreed place to look, while a command that failed means that
 * nobody was told.
 */
export function createTerminalChat(options: TerminalChatOptions): Chat {
  const { followers, log, isFileRead = true } = options;

  async function say(message: Message, urgent = false): Promise<{ reached: number }> {
    const { problems, written, notified, ...delivery } = await deliver(options, message, urgent);
    const isInPlace = isFileRead && written && !options.notifyCommand?.();
    const reached = delivery.followers + (notified || isInPlace ? 1 : 0);
    // A line in a file wakes nobody: it is enough for a message, but not for a page that should have been louder.
    // Who follows an operation hears of it. What everyone has to hear is not said by a terminal left open somewhere.
    const isForAll = urgent && message.operationId === undefined;
    const isUnheard = isForAll && options.notifyCommand?.() !== undefined && !notified;
    if (isUnheard || (reached === 0 && (urgent || !written))) throw nobodyTold(options, message, problems);
    for (const err of problems) log.warn({ err, key: message.key }, 'a message could not be said in one of the ways');
    return { reached };
  }

  return {
    get weakness() {
      if (options.notifyCommand?.()) return undefined;
      return 'Nobody is woken when services stay down: set "notify" in cml.yaml to a command that does it.';
    },
    announce: (message) => say(message),
    async post(message) {
      await say(message);
    },
    show(view) {
      followers.publish({ type: 'view', view });
    },
    async showRequest(request, message) {
      followers.publish({ type: 'request', request });
      await say(message);
    },
    async page(message) {
      await say(message, true);
    },
  };
}
