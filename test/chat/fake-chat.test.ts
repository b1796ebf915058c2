import { describeChat } from '../contracts/chat.ts';
import { createFakeChat, createFakeChatStore } from '../fakes/chat.ts';

describeChat('the chat in memory', async () => {
  const store = createFakeChatStore();
  return {
    chat: createFakeChat(store),
    people: 1,
    said: async () => store.said.map(({ how, message }) => ({ text: message.text, urgent: how === 'paged' })),
    watch: (operationId) => ({ newest: async () => store.views.get(operationId), stop: async () => undefined }),
    breakDown: async () => {
      store.isDown = true;
    },
    dispose: async () => undefined,
  };
});
