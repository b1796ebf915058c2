import { describe, expect, test } from 'vitest';
import type { Chat } from '../../src/chat/chat.ts';
import { createChats } from '../../src/chat/together.ts';
import { createLog } from '../../src/log.ts';
import { describeChat, makeMessage, makeView } from '../contracts/chat.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../fakes/chat.ts';

function createWorld() {
  const stores = [createFakeChatStore(), createFakeChatStore()] as const;
  const logged: string[] = [];
  const log = createLog({ write: (line: string) => void logged.push(line) }, 'debug');
  const chats = stores.map((store) => createFakeChat(store));
  return { stores, logged, log, chats, chat: createChats(chats, log) };
}

const said = ({ said: all }: FakeChatStore) =>
  all.map(({ how, message }) => ({ text: message.text, urgent: how === 'paged' }));

describeChat('several chats', async () => {
  const { chat, stores } = createWorld();
  const [first, second] = stores;
  return {
    chat,
    people: 2,
    said: async () => said(second),
    watch: (operationId) => ({ newest: async () => first.views.get(operationId), stop: async () => undefined }),
    breakDown: async () => {
      for (const store of stores) store.isDown = true;
    },
    dispose: async () => undefined,
  };
});

describe('several chats', () => {
  test('say it in each, and go on when one is down', async () => {
    const { chat, stores, logged } = createWorld();
    stores[0].isDown = true;
    expect(await chat.announce(makeMessage({ text: 'Services stop.' }))).toEqual({ reached: 1 });
    await chat.page(makeMessage({ text: 'Services are down.' }));
    chat.show(makeView());
    expect(said(stores[1]).map(({ text }) => text)).toEqual(['Services stop.', 'Services are down.']);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toContain('The chat is down');
    stores[0].isDown = false;
    await chat.post(makeMessage({ text: 'All is well.' }));
    expect(stores.map((store) => said(store).at(-1)?.text)).toEqual(['All is well.', 'All is well.']);
  });

  test('lack only what all of them lack', () => {
    const { log, chats } = createWorld();
    const [first, second] = chats;
    if (!first || !second) throw new Error('there are two');
    const weak = { ...first, weakness: 'It wakes nobody.' };
    expect(createChats([weak, second], log).weakness).toBeUndefined();
    expect(createChats([weak, weak], log).weakness).toBe('It wakes nobody.');
  });

  test('tell what is wrong with any of them', () => {
    const { log, chats, chat } = createWorld();
    expect(chat.trouble).toBeUndefined();
    const [first, second] = chats;
    if (!first || !second) throw new Error('there are two');
    expect(createChats([first, { ...second, trouble: 'It is not connected.' }], log).trouble).toBe(
      'It is not connected.',
    );
  });

  test('workspaces share a place where all of them say the same one', () => {
    const { log, chats } = createWorld();
    const [first, second] = chats as [Chat, Chat];
    const split = { ...first, placeOf: (workspace: string) => (workspace === 'ml-prod' ? 'C1' : 'C2') };
    const places = (all: readonly Chat[]) =>
      ['ml-prod', 'ml-lab', 'ml-old'].map(createChats(all, log).placeOf ?? String);
    expect(places([second])).toEqual(['', '', '']);
    expect(places([second, split])).toEqual(['C1', 'C2', 'C2']);
  });
});
