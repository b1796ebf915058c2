import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KnownBlock } from '@slack/types';
import type { Message } from '../../../src/chat/chat.ts';
import { createSlackClients } from '../../../src/chat/slack/clients.ts';
import { createSlackHealth } from '../../../src/chat/slack/health.ts';
import { slackSettings } from '../../../src/chat/slack/settings.ts';
import { createSlackChat, PATIENCE_MS, type SlackChat } from '../../../src/chat/slack/slack-chat.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { Log } from '../../../src/log.ts';
import type { OperationView } from '../../../src/records/operation.ts';
import { createSlackDouble, type SlackDouble, type SlackDoubleOptions } from '../../fakes/slack/double.ts';
import type { SlackMessage } from '../../fakes/slack/kinds.ts';

const FACTOR = 50;

/** Waits are 50 times shorter than asked for; the time of day is the real one, and so is the patience at an end. */
const hastyClock: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) => systemClock.sleep(ms === PATIENCE_MS ? ms : ms / FACTOR, signal),
};

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface ChatWorld {
  readonly slack: SlackDouble;
  readonly channel: string;
  /** A chat of the next life: on the same file, the one before it is left as it is. */
  live(settings?: Record<string, unknown>): SlackChat;
  /** What the channel shows: each message and its thread, without ids and times of Slack. */
  shown(): object[];
  dispose(): Promise<void>;
}

export async function createChatWorld(options: SlackDoubleOptions = { rates: 'none' }): Promise<ChatWorld> {
  const slack = await createSlackDouble(options);
  for (const [id, name] of [
    ['U0BOB', 'bob'],
    ['U0CAROL', 'carol'],
  ] as const) {
    slack.people.add({ id, name, email: `${name}@example.org`, tz: 'Europe/Berlin' });
  }
  const channel = slack.channels.add({ name: 'ml' }).id;
  const folder = mkdtempSync(join(tmpdir(), 'cml-slack-chat-'));
  const lives: SlackChat[] = [];
  return {
    slack,
    channel,
    live(more = {}) {
      const health = createSlackHealth(silent);
      const settings = slackSettings.parse({ channel, onCall: 'here', ...more });
      const chat = createSlackChat({
        settings: () => settings,
        clients: createSlackClients({ botToken: slack.botToken, apiUrl: slack.apiUrl, log: silent, health }),
        accountOf: (person) => ({ bob: 'U0BOB', carol: 'U0CAROL' })[person],
        path: join(folder, 'slack.json'),
        clock: hastyClock,
        log: silent,
        problem: health.problem,
      });
      lives.push(chat);
      return chat;
    },
    shown: () =>
      slack.history(channel).map((message) => ({
        ...simple(message),
        thread: slack.thread(channel, message.ts).slice(1).map(simple),
      })),
    async dispose() {
      await Promise.allSettled(lives.map((chat) => chat.end()));
      await slack.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function simple({ text, blocks = [] }: SlackMessage): object {
  return { text, blocks: (blocks as unknown as KnownBlock[]).map(({ block_id: _, ...block }) => block) };
}

export const ID = 'op_00000000aa';
const base = { operationId: ID, workspace: 'lab' } as const;
const STEPS = ['preflight', 'announce', 'pre-copy', 'countdown', 'stop', 'cut', 'start', 'copy snapshots', 'record'];

/** A backup of `lab` as it stands when so many of its steps are done. */
export function viewAt(done: number, more: Partial<OperationView> = {}): OperationView {
  const at = (n: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, n * 10)).toISOString();
  return {
    id: ID,
    kind: 'backup',
    workspace: 'lab',
    by: 'bob',
    reason: 'before the upgrade',
    startedAt: at(0),
    status: 'running',
    steps: STEPS.map((name, index) => {
      if (index < done) return { name, state: 'done' as const, beganAt: at(index), endedAt: at(index + 1) };
      return index === done
        ? { name, state: 'running' as const, beganAt: at(index) }
        : { name, state: 'waiting' as const };
    }),
    ...more,
  };
}

export const announcement: Message = {
  ...base,
  key: `${ID}:stop`,
  tone: 'warning',
  text: 'lab: services stop in 15m (2026-03-01 12:15 UTC) for a backup asked by bob, and are down for about 2m.',
  details: ['Services were down for 1m 50s and 2m the last times.'],
};

export const ended: Message = {
  ...base,
  key: `${ID}:end`,
  tone: 'good',
  text: 'lab: backup bkp_00000000aa completed in 2m; services were down for 10s; 3 files, 12 kB (1 kB new).',
  actions: [{ word: 'restore', given: { backup: 'bkp_00000000aa' }, label: 'Restore it' }],
};

export const DOWN_SINCE = '2026-03-01T12:00:40.000Z';
