import { PortError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Chat } from './chat.ts';

/**
 * Several chats as one: each is told, at the same time. Whoever asks is refused only when every one of them failed; what
 * failed in some is logged.
 */
export function createChats(chats: readonly Chat[], log: Log): Chat {
  async function tell<Told>(key: string, say: (chat: Chat) => Promise<Told>): Promise<Told[]> {
    const told = await Promise.allSettled(chats.map(say));
    const problems = told.flatMap((way) => (way.status === 'rejected' ? [way.reason] : []));
    if (problems.length === chats.length) {
      const [first] = problems;
      if (chats.length === 1) throw first;
      throw new PortError('chat-unavailable', 'Nobody could be told in any of the chats.', {
        cause: first instanceof Error ? new AggregateError(problems, first.message) : first,
        retryable: true,
      });
    }
    for (const err of problems) log.warn({ err, key }, 'a message could not be said in one of the chats');
    return told.flatMap((way) => (way.status === 'fulfilled' ? [way.value] : []));
  }

  return {
    /** What one chat cannot do another may: only what all lack is a weakness. */
    get weakness() {
      const weaknesses = chats.map((chat) => chat.weakness);
      return weaknesses.includes(undefined) ? undefined : weaknesses[0];
    },
    get trouble() {
      const troubles = chats.flatMap(({ trouble }) => trouble ?? []);
      return troubles.length === 0 ? undefined : troubles.join(' ');
    },
    placeOf: (workspace) =>
      chats
        .map((chat) => chat.placeOf?.(workspace) ?? '')
        .join(' ')
        .trim(),
    async announce(message) {
      const told = await tell(message.key, (chat) => chat.announce(message));
      return { reached: told.reduce((sum, { reached }) => sum + reached, 0) };
    },
    async post(message) {
      await tell(message.key, (chat) => chat.post(message));
    },
    show(view) {
      for (const chat of chats) chat.show(view);
    },
    async showRequest(request, message) {
      await tell(message.key, (chat) => chat.showRequest(request, message));
    },
    async page(message) {
      await tell(message.key, (chat) => chat.page(message));
    },
  };
}
