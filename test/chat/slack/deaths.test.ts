import { afterEach, describe, expect, it } from 'vitest';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { stopMoved } from '../../../src/chat/messages/services-stop.ts';
import type { SlackChat } from '../../../src/chat/slack/slack-chat.ts';
import type { OperationView } from '../../../src/records/operation.ts';
import type { Request } from '../../../src/records/request.ts';
import { makeRequest } from '../../fakes/records.ts';
import { announcement, type ChatWorld, createChatWorld, DOWN_SINCE, ended, ID, viewAt } from './chat-world.ts';

/** One thing that a server says, and the requests as its records hold them by then. */
interface Event {
  readonly say: (chat: SlackChat) => unknown;
  readonly requests?: readonly Request[];
  /** A next life shows how it stands before it says anything else. */
  readonly isView?: boolean;
}

const affects = [{ owner: 'carol', what: '1 session' }];
const announced = { ...announcement, affects };
const stopsAt = '2026-03-01T12:15:00.000Z';

const view = (done: number, more: Partial<OperationView> = {}): Event => ({
  say: (chat) => chat.show(viewAt(done, more)),
  isView: true,
});

const backup: Event[] = [
  view(0),
  { say: (chat) => chat.announce(announcement) },
  view(5, { downSince: DOWN_SINCE }),
  view(7, { downSince: DOWN_SINCE, downtimeMs: 10_000 }),
  view(9, { status: 'succeeded', downtimeMs: 10_000 }),
  { say: (chat) => chat.post(ended) },
];

const pending = makeRequest({ by: { name: 'bob', proof: 'slack', slack: 'U0BOB' } });
const carol = { name: 'carol', proof: 'slack', slack: 'U0CAROL' } as const;
const votes = [{ by: carol, at: pending.askedAt, approves: true }];
const approved: Request = { ...pending, status: 'approved', votes };
const used: Request = { ...approved, status: 'used', operationId: ID };
const restores: Partial<OperationView> = { kind: 'restore', approvedBy: ['carol'] };
const restored = { ...ended, text: 'lab: restored from bkp_00000000aa in 2m; services were down for 10s.' };

const shows = (request: Request): Event => ({
  say: (chat) => chat.showRequest(request, describeRequest(request)),
  requests: [request],
});

const restore: Event[] = [
  shows(pending),
  shows(approved),
  shows(used),
  ...[
    view(0, restores),
    { say: (chat: SlackChat) => chat.announce(announced) },
    view(5, { ...restores, downSince: DOWN_SINCE }),
    view(9, { ...restores, status: 'succeeded', downtimeMs: 10_000 }),
    { say: (chat: SlackChat) => chat.post(restored) },
  ].map((event) => ({ ...event, requests: [used] })),
];

const moved = stopMoved({ operationId: ID, workspace: 'lab', by: 'carol', stopsAt: new Date(stopsAt), isNow: false });
const calledOff = {
  ...ended,
  tone: 'info',
  actions: [],
  text: 'lab: the backup was cancelled: Cancelled by bob.',
} as const;

const cancelled: Event[] = [
  view(0),
  { say: (chat) => chat.announce(announced) },
  { say: (chat) => chat.post(moved) },
  view(3, { status: 'cancelled' }),
  { say: (chat) => chat.post(calledOff) },
];

const worlds: ChatWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose();
});

async function open(): Promise<ChatWorld> {
  const world = await createChatWorld();
  worlds.push(world);
  return world;
}

/** The channel, and what the one whose work ends there was told. */
const historyOf = (world: ChatWorld) => [world.shown(), world.slack.dms('U0CAROL').map(({ text }) => text)];

const callsOf = ({ slack }: ChatWorld) => slack.requests.filter(({ method }) => method.startsWith('chat.')).length;

/** From this call on nothing gets through: the call itself is lost before or after Slack took it. */
function dieAt({ slack }: ChatWorld, death: number, when: 'before' | 'after') {
  let count = 0;
  const counted = (method: string) => method.startsWith('chat.') && ++count;
  const late = slack.faults.whenever(({ method }) => Number(counted(method)) > death, { kind: 'drop', when: 'before' });
  const itself = slack.faults.whenever(({ method }) => method.startsWith('chat.') && count === death, {
    kind: 'drop',
    when,
  });
  return {
    isDead: () => count >= death,
    mend() {
      late();
      itself();
    },
  };
}

/** One life says it from there on; answers what it was saying when it died. */
async function live(world: ChatWorld, story: readonly Event[], from: number, isDead = () => false): Promise<number> {
  const chat = world.live();
  chat.begin(story[from]?.requests);
  if (from > 0) story.findLast(({ isView }, index) => isView && index < from)?.say(chat);
  let at = from;
  for (; at < story.length && !isDead(); at += 1) await Promise.resolve(story[at]?.say(chat)).catch(() => undefined);
  await chat.end();
  return Math.max(from, at - 1);
}

describe.each([
  { name: 'a backup', story: backup },
  { name: 'a restore that another approves', story: restore },
  { name: 'a countdown that is postponed and called off', story: cancelled },
])('$name', ({ story }) => {
  it.each(['before', 'after'] as const)(
    'leaves the same in Slack, wherever its server dies: %s a call',
    async (when) => {
      const plain = await open();
      await live(plain, story, 0);
      const expected = historyOf(plain);
      const calls = callsOf(plain);
      for (let death = 1; death <= calls; death += 1) {
        const world = await open();
        const fate = dieAt(world, death, when);
        const at = await live(world, story, 0, fate.isDead);
        fate.mend();
        await live(world, story, at);
        expect(historyOf(world), `death ${when} call ${death}`).toEqual(expected);
      }
    },
  );
});
