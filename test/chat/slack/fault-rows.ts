import { expect, vi } from 'vitest';
import type { Chat } from '../../../src/chat/chat.ts';
import { createChats } from '../../../src/chat/together.ts';
import type { Log } from '../../../src/log.ts';
import { createFakeChat, createFakeChatStore } from '../../fakes/chat.ts';
import type { Fault } from '../../fakes/slack/faults.ts';
import type { TableRow } from '../../faults/write-table.ts';
import { announcement, type ChatWorld, createChatWorld, DOWN_SINCE, ended, viewAt } from './chat-world.ts';

export interface Row extends TableRow {
  /** Plays it; answers what was seen, and throws when that is not what was expected. */
  play(): Promise<string>;
}

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** What a runner says of a backup: whatever cannot be said is the chat's own business, and nothing waits for it. */
async function tellBackup(chat: Chat): Promise<void> {
  chat.show(viewAt(0));
  await chat.announce(announcement).catch(() => undefined);
  chat.show(viewAt(5, { downSince: DOWN_SINCE }));
  chat.show(viewAt(7, { downSince: DOWN_SINCE, downtimeMs: 10_000 }));
  chat.show(viewAt(9, { status: 'succeeded', downtimeMs: 10_000, endedAt: '2026-03-01T12:02:00.000Z' }));
  await chat.post(ended).catch(() => undefined);
}

/** The one message of the operation, and what stands in its thread. */
function transcript({ slack, channel }: ChatWorld): { roots: string[]; replies: string[] } {
  const roots = slack.history(channel).filter(({ thread_ts: thread, ts }) => !thread || thread === ts);
  const replies = roots.flatMap(({ ts }) => slack.thread(channel, ts).slice(1));
  return { roots: roots.map(({ text }) => text), replies: replies.map(({ text }) => text) };
}

/** Waits until everything was said; it is an error when anything was said twice. */
async function expectSaidOnce(world: ChatWorld): Promise<string> {
  await vi.waitFor(
    () => {
      const { roots, replies } = transcript(world);
      expect(roots).toEqual([expect.stringContaining('completed in 2m')]);
      expect(replies).toHaveLength(3);
    },
    { timeout: 10_000, interval: 20 },
  );
  const { replies } = transcript(world);
  const [down, up, told] = replies.toSorted((a, b) => order(a) - order(b));
  expect(down).toContain('services were stopped');
  expect(up).toContain('services are up again');
  expect(told).toMatch(/^<@U0BOB> .*completed in 2m/);
  const posts = world.slack.requests.filter(({ method, refused }) => method === 'chat.postMessage' && !refused).length;
  const failed = world.slack.requests.filter(({ refused }) => refused).length;
  return `1 message, its summary; 3 replies, each once (${posts} posts taken, ${failed} calls failed)`;
}

const order = (text: string) => ['were stopped', 'up again', 'completed'].findIndex((part) => text.includes(part));

async function withWorld(play: (world: ChatWorld) => Promise<string>): Promise<string> {
  const world = await createChatWorld();
  try {
    return await play(world);
  } finally {
    await world.dispose();
  }
}

const SAID_ONCE = 'the whole story stands there once';

function atCalls(fault: string, injected: string, inject: (world: ChatWorld) => void): Row {
  const play = () =>
    withWorld(async (world) => {
      inject(world);
      const chat = world.live();
      await tellBackup(chat);
      return expectSaidOnce(world);
    });
  return { fault, injected, expected: SAID_ONCE, play };
}

const next = (method: string, fault: Fault, times: number) => (world: ChatWorld) =>
  world.slack.faults.next(method, fault, times);

/** What Slack's own troubles do to the messages of an operation. */
export const messageRows: readonly Row[] = [
  atCalls(
    '429 to posts',
    'the first 3 chat.postMessage, Retry-After 1',
    next('chat.postMessage', { kind: 'rate-limited', retryAfterSeconds: 1 }, 3),
  ),
  atCalls(
    '429 to edits',
    'the first 3 chat.update, Retry-After 1',
    next('chat.update', { kind: 'rate-limited', retryAfterSeconds: 1 }, 3),
  ),
  atCalls('500', 'the first 4 calls of any kind', next('*', { kind: 'http', status: 500 }, 4)),
  atCalls(
    'error of its own',
    'internal_error to the first 3 calls',
    next('*', { kind: 'error', word: 'internal_error' }, 3),
  ),
  atCalls(
    'dropped before a post',
    'the first 2 posts never arrive',
    next('chat.postMessage', { kind: 'drop', when: 'before' }, 2),
  ),
  atCalls(
    'dropped after a post',
    'Slack took the first 2 posts, their answers are lost',
    next('chat.postMessage', { kind: 'drop', when: 'after' }, 2),
  ),
  atCalls(
    'dropped after an edit',
    'Slack took the first 2 edits, their answers are lost',
    next('chat.update', { kind: 'drop', when: 'after' }, 2),
  ),
  {
    fault: 'Slack away, and the server ends too',
    injected: 'no connection from the announcement on; back for the next life',
    expected: SAID_ONCE,
    play: () =>
      withWorld(async (world) => {
        const first = world.live();
        world.slack.faults.down();
        await tellBackup(first);
        world.slack.faults.up();
        await first.end();
        world.live().begin();
        return expectSaidOnce(world);
      }),
  },
  {
    fault: 'message deleted',
    injected: 'somebody removes it while the backup runs',
    expected: 'a new one takes its place, and becomes the summary',
    play: () =>
      withWorld(async (world) => {
        const chat = world.live();
        await chat.announce(announcement);
        world.slack.removeMessage(world.channel, world.slack.history(world.channel)[0]?.ts ?? '');
        await chat.post(ended);
        const { roots } = transcript(world);
        expect(roots).toEqual([expect.stringContaining('completed in 2m')]);
        return '1 message, its summary';
      }),
  },
  {
    fault: 'channel archived',
    injected: 'before the announcement, beside a terminal',
    expected: 'refused with the reason; the terminal is told, so the operation goes on',
    play: () =>
      withWorld(async (world) => {
        world.slack.channels.archive(world.channel);
        const chat = world.live();
        const refused = await chat.announce(announcement).catch((error: unknown) => error);
        expect(refused).toMatchObject({ message: expect.stringContaining('is_archived') });
        const terminal = createFakeChatStore();
        const both = createChats([createFakeChat(terminal), chat], silent);
        expect((await both.announce(announcement)).reached).toBeGreaterThan(0);
        await both.post(ended);
        return `refused (is_archived); ${terminal.said.length} messages in the terminal`;
      }),
  },
];
