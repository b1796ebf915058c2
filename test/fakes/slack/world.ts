import { setTimeout as sleep } from 'node:timers/promises';
import type { Ephemeral, JsonObject, SlackChannel, SlackMessage, SlackPerson, SlackView } from './kinds.ts';
import type { UploadedFile } from './methods/files.ts';

export const TEAM = 'T0TEAM';
export const TEAM_DOMAIN = 'acme';
export const APP = 'A0CML';
export const BOT = 'B0CML';
export const BOT_USER = 'U0CMLBOT';

/** A message of a channel with every state it had, oldest first. */
export interface Kept {
  readonly message: SlackMessage;
  readonly states: { readonly at: number; readonly text: string; readonly blocks: readonly JsonObject[] | undefined }[];
}

/** One workspace of Slack, in memory. */
export interface World {
  now(): number;
  /** Slack's clock goes on at once: for what expires after minutes. */
  pass(milliseconds: number): void;
  readonly people: Map<string, SlackPerson>;
  readonly channels: Map<string, SlackChannel>;
  /** User group id to the people in it. */
  readonly groups: Map<string, { readonly handle: string; users: readonly string[] }>;
  readonly messages: Kept[];
  readonly ephemerals: Ephemeral[];
  readonly views: Map<string, SlackView>;
  readonly homes: Map<string, SlackView>;
  readonly files: Map<string, UploadedFile>;
  uploadUrl: string;
  nextTs(): string;
  nextId(prefix: string): string;
  /** Opens it when there is none. */
  directChannel(user: string): SlackChannel;
  findMessage(channel: string, ts: string): Kept | undefined;
  /** What `look` finds, soon after there is something to find; rejects after the timeout. */
  when<T>(look: () => T | undefined, timeoutMs?: number): Promise<T>;
}

export function createWorld(): World {
  let passed = 0;
  let lastTs = 0;
  let ids = 0;
  const channels = new Map<string, SlackChannel>();
  const messages: Kept[] = [];
  const now = () => Date.now() + passed;
  const nextId = (prefix: string) => `${prefix}${(++ids).toString(36).toUpperCase().padStart(8, '0')}`;
  return {
    now,
    pass: (milliseconds) => {
      passed += milliseconds;
    },
    people: new Map([[BOT_USER, { id: BOT_USER, name: 'cml', isBot: true }]]),
    channels,
    groups: new Map(),
    messages,
    ephemerals: [],
    views: new Map(),
    homes: new Map(),
    files: new Map(),
    uploadUrl: '',
    nextTs: () => {
      lastTs = Math.max(lastTs + 1, now() * 1000);
      return `${Math.floor(lastTs / 1e6)}.${String(lastTs % 1e6).padStart(6, '0')}`;
    },
    nextId,
    directChannel: (user) => {
      const members = new Set([user, BOT_USER]);
      const found = [...channels.values()].find((one) => one.kind === 'im' && one.members.has(user));
      if (found) return found;
      const id = nextId('D');
      const made: SlackChannel = { id, name: 'directmessage', kind: 'im', archived: false, isForAll: false, members };
      channels.set(made.id, made);
      return made;
    },
    findMessage: (channel, ts) => messages.find(({ message }) => message.channel === channel && message.ts === ts),
    when,
  };
}

async function when<T>(look: () => T | undefined, timeoutMs = 5000): Promise<T> {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > endsAt) throw new Error(`nothing of the kind happened in ${timeoutMs} ms: ${look}`);
    await sleep(5);
  }
}
