import { afterEach, describe, expect, test } from 'vitest';
import type { Chat, Message } from '../../src/chat/chat.ts';
import { PortError } from '../../src/errors.ts';
import type { OperationView } from '../../src/records/operation.ts';
import { makeId, makeRequest, momentAfter } from '../fakes/records.ts';

export interface ChatUnderTest {
  readonly chat: Chat;
  /** Everything people can read now, oldest first. */
  said(): Promise<readonly { readonly text: string; readonly urgent: boolean }[]>;
  /** How many people are told; what `announce` answers. */
  readonly people: number;
  /** Somebody begins to look at an operation; answers the newest picture they were shown. */
  watch(operationId: string): { newest(): Promise<OperationView | undefined>; stop(): Promise<void> };
  /** From now on nobody can be told anything. */
  breakDown(): Promise<void>;
  dispose(): Promise<void>;
}

let made = 0;
export function makeMessage(changes: Partial<Message> = {}): Message {
  made += 1;
  return {
    key: `key-${made}`,
    workspace: 'team-ml',
    operationId: makeId('op'),
    tone: 'info',
    text: `Message ${made} about team-ml.`,
    details: ['More of it.'],
    ...changes,
  };
}

export function makeView(changes: Partial<OperationView> = {}): OperationView {
  return {
    id: makeId('op'),
    kind: 'backup',
    workspace: 'team-ml',
    by: 'alice',
    startedAt: momentAfter(0),
    status: 'running',
    steps: [
      { name: 'preflight', state: 'done', beganAt: momentAfter(0), endedAt: momentAfter(1) },
      { name: 'pre-copy', state: 'running', beganAt: momentAfter(1) },
      { name: 'stop', state: 'waiting' },
    ],
    ...changes,
  };
}

const UNAVAILABLE = { code: 'chat-unavailable', retryable: true };

/** What every chat keeps to. `skip` names what one cannot do; each has its reason in test/allowed-skips. */
export function describeChat(
  name: string,
  create: () => Promise<ChatUnderTest>,
  { skip = [] }: { skip?: readonly string[] } = {},
): void {
  const keeps = (sentence: string, work: (given: ChatUnderTest) => Promise<void>) =>
    test.skipIf(skip.includes(sentence))(sentence, async () => work(await given()));
  const open: ChatUnderTest[] = [];
  async function given(): Promise<ChatUnderTest> {
    const one = await create();
    open.push(one);
    return one;
  }
  describe(`${name} keeps to the chat's contract`, () => {
    afterEach(async () => {
      for (const one of open.splice(0)) await one.dispose();
    });
    describeSaying(keeps);
    describeShowing(keeps);
    describeFailing(keeps);
  });
}

type Keeps = (sentence: string, work: (given: ChatUnderTest) => Promise<void>) => void;

function describeSaying(keeps: Keeps): void {
  keeps('announces and answers how many were reached', async ({ chat, said, people }) => {
    const message = makeMessage({ tone: 'warning' });
    expect(await chat.announce(message)).toEqual({ reached: people });
    expect(await said()).toEqual([
      expect.objectContaining({ text: expect.stringContaining(message.text), urgent: false }),
    ]);
  });

  keeps('says messages in the order they came', async ({ chat, said }) => {
    const messages = [makeMessage(), makeMessage({ tone: 'good' }), makeMessage({ tone: 'bad' })];
    for (const message of messages) await chat.post(message);
    const texts = (await said()).map(({ text }) => text);
    expect(texts).toEqual(messages.map(({ text }) => expect.stringContaining(text)));
  });

  keeps('shows the newest of several messages with one key', async ({ chat, said }) => {
    await chat.post(makeMessage({ key: 'same', text: 'Services stop in 10m.' }));
    await chat.post(makeMessage({ key: 'same', text: 'Services stop in 40m.' }));
    expect((await said()).at(-1)?.text).toContain('Services stop in 40m.');
  });

  keeps('says a text of several lines whole', async ({ chat, said }) => {
    await chat.post(makeMessage({ text: 'First thing.\nSecond "thing" with $(quotes) & more.' }));
    const all = (await said()).map(({ text }) => text).join(' ');
    expect(all).toContain('First thing.');
    expect(all).toContain('Second "thing" with $(quotes) & more.');
  });

  keeps('asks for a decision in the words of the message', async ({ chat, said }) => {
    const message = makeMessage({ text: 'alice asks to restore team-ml.' });
    await chat.showRequest(makeRequest(), message);
    expect((await said()).at(-1)?.text).toContain('alice asks to restore team-ml.');
  });

  keeps('redraws a request as often as it changes', async ({ chat, said }) => {
    const request = makeRequest();
    await chat.showRequest(request, makeMessage({ key: request.id, text: 'Who approves?' }));
    await chat.showRequest({ ...request, status: 'denied' }, makeMessage({ key: request.id, text: 'bob said no.' }));
    expect((await said()).at(-1)?.text).toContain('bob said no.');
  });

  keeps('pages with urgency', async ({ chat, said }) => {
    await chat.page(makeMessage({ tone: 'bad', text: 'Services of team-ml are down.' }));
    const last = (await said()).at(-1);
    expect(last).toMatchObject({ text: expect.stringContaining('Services of team-ml are down.'), urgent: true });
  });
}

function describeShowing(keeps: Keeps): void {
  keeps('shows an operation to whoever looks', async ({ chat, watch }) => {
    const view = makeView({ progress: { bytesDone: 5, bytesTotal: 10 } });
    const watcher = watch(view.id);
    chat.show(view);
    await expect.poll(() => watcher.newest()).toEqual(view);
    await watcher.stop();
  });

  keeps('never drops the picture of an ended operation, however many came before', async ({ chat, watch }) => {
    const view = makeView();
    const watcher = watch(view.id);
    for (let bytesDone = 0; bytesDone < 2_000; bytesDone += 1) chat.show({ ...view, progress: { bytesDone } });
    const ended = {
      ...view,
      status: 'succeeded' as const,
      endedAt: momentAfter(9),
      outcome: { backupId: makeId('bkp') },
    };
    chat.show(ended);
    await expect.poll(() => watcher.newest()).toEqual(ended);
    await watcher.stop();
  });
}

function describeFailing(keeps: Keeps): void {
  keeps('rejects with an error that may be retried when nobody can be told', async ({ chat, breakDown }) => {
    await breakDown();
    for (const say of [chat.announce, chat.post, chat.page]) {
      await expect(say(makeMessage())).rejects.toThrow(PortError);
      await expect(say(makeMessage())).rejects.toMatchObject(UNAVAILABLE);
    }
    await expect(chat.showRequest(makeRequest(), makeMessage())).rejects.toMatchObject(UNAVAILABLE);
  });

  keeps('shows pictures without complaint when nobody can see them', async ({ chat, breakDown }) => {
    await breakDown();
    expect(() => chat.show(makeView())).not.toThrow();
  });
}
