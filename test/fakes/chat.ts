import type { Chat, Message } from '../../src/chat/chat.ts';
import { PortError } from '../../src/errors.ts';
import type { OperationView } from '../../src/records/operation.ts';
import type { Request } from '../../src/records/request.ts';
import { type Effect, plainEffect } from './mortal.ts';

export interface Said {
  readonly how: 'announced' | 'posted' | 'asked' | 'paged';
  readonly message: Message;
}

/** What people have seen: it outlives the process that said it. */
export interface FakeChatStore {
  readonly said: Said[];
  readonly views: Map<string, OperationView>;
  readonly requests: Map<string, Request>;
  /** How many people are there to be reached. */
  people: number;
  isDown: boolean;
}

export function createFakeChatStore(): FakeChatStore {
  return { said: [], views: new Map(), requests: new Map(), people: 1, isDown: false };
}

/** Records everything said, as JSON would carry it. */
export function createFakeChat(store: FakeChatStore, effect: Effect = plainEffect): Chat {
  const say = (how: Said['how'], name: string, message: Message) =>
    effect(`chat.${name}`, () => {
      if (store.isDown) throw new PortError('chat-unavailable', 'The chat is down.', { retryable: true });
      store.said.push({ how, message: structuredClone(message) });
    });
  return {
    async announce(message) {
      await say('announced', 'announce', message);
      return { reached: store.people };
    },
    post: (message) => say('posted', 'post', message),
    show(view) {
      if (!store.isDown) store.views.set(view.id, structuredClone(view));
    },
    async showRequest(request, message) {
      await say('asked', 'showRequest', message);
      store.requests.set(request.id, structuredClone(request));
    },
    page: (message) => say('paged', 'page', message),
  };
}
