import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSlackClients } from '../../../src/chat/slack/clients.ts';
import { createSlackHealth } from '../../../src/chat/slack/health.ts';
import { createOutbox } from '../../../src/chat/slack/outbox.ts';
import { createSlots } from '../../../src/chat/slack/slots.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { createSlackDouble, type SlackDouble } from '../../fakes/slack/double.ts';

const MINUTE = 60_000;
const log = createLog({ write: () => undefined }, 'silent');
const picture = { text: 'a message', blocks: [] };
let slack: SlackDouble;
let folder: string;
let at: number;
/** What cml.yaml says by now. */
let place: string;

beforeEach(async () => {
  slack = await createSlackDouble({ rates: 'none' });
  place = '';
  folder = mkdtempSync(join(tmpdir(), 'cml-slack-unsaid-'));
  at = Date.UTC(2026, 2, 1, 12);
});
afterEach(async () => {
  await slack.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Whose rounds are told to end at once: what is tried again is tried by `settle`. */
const clock: Clock = { now: () => new Date(at), sleep: () => Promise.reject(new Error('no rounds')) };
const posts = () => slack.requests.filter(({ method }) => method === 'chat.postMessage').length;

function open() {
  const health = createSlackHealth(log);
  const clients = createSlackClients({ botToken: slack.botToken, apiUrl: slack.apiUrl, log, health });
  const slots = createSlots({ path: join(folder, 'slack.json'), now: clock.now, log });
  return createOutbox({ slots, clock, log, ...clients, plainer: () => undefined, channelFor: () => place });
}

it('asks a channel that refuses everything again only now and then, and says it all once it can', async () => {
  const channel = slack.channels.add({ name: 'ml' });
  const { id: to } = channel;
  slack.channels.archive(to);
  const outbox = open();
  await expect(outbox.say({ key: 'one', to, picture })).rejects.toMatchObject({ code: 'chat-unavailable' });
  await expect(outbox.say({ key: 'two', to, picture })).rejects.toMatchObject({ code: 'chat-unavailable' });
  for (let round = 0; round < 4; round += 1) {
    at += MINUTE;
    await outbox.settle();
  }
  expect(posts()).toBe(2);
  channel.archived = false;
  at += 2 * MINUTE;
  await outbox.settle();
  expect(slack.history(to)).toHaveLength(2);
});

it('gives up after a week, so that neither file nor calls grow for ever', async () => {
  const { id: to } = slack.channels.add({ name: 'ml' });
  slack.channels.archive(to);
  const outbox = open();
  await outbox.say({ key: 'one', to, picture }).catch(() => undefined);
  for (let day = 0; day < 8; day += 1) {
    at += 24 * 60 * MINUTE;
    await outbox.settle();
  }
  const tried = posts();
  expect(tried).toBeGreaterThan(2);
  at += 24 * 60 * MINUTE;
  await outbox.settle();
  expect(posts()).toBe(tried);
  const left = createSlots({ path: join(folder, 'slack.json'), now: clock.now, log }).all();
  expect(left.filter(({ wanted }) => wanted)).toEqual([]);
});

it('says what a channel refused in the one that cml.yaml names by now', async () => {
  const wrong = slack.channels.add({ name: 'old' }).id;
  const right = slack.channels.add({ name: 'ml' }).id;
  slack.channels.archive(wrong);
  place = wrong;
  const about = { workspace: 'lab', isRequest: false };
  const outbox = open();
  const say = (key: string, under?: string) =>
    outbox.say({ key, to: about, picture, ...(under ? { under } : {}) }).catch(() => undefined);
  await say('one');
  await say('reply', 'one');
  expect(slack.history(right)).toEqual([]);
  place = right;
  const next = open();
  next.begin();
  await next.settle();
  await next.settle();
  const [root] = slack.history(right);
  expect(slack.thread(right, root?.ts ?? '')).toHaveLength(2);
});

it('leaves in its channel what stands there well, with all that is said in its thread', async () => {
  const [first, second] = ['old', 'new'].map((name) => slack.channels.add({ name }).id) as [string, string];
  place = first;
  const about = { workspace: 'lab', isRequest: false };
  const outbox = open();
  await outbox.say({ key: 'one', to: about, picture });
  place = second;
  await outbox.say({ key: 'reply', to: about, under: 'one', picture });
  await outbox.say({ key: 'one', to: about, picture: { ...picture, text: 'changed' } });
  expect(slack.thread(first, slack.history(first)[0]?.ts ?? '').map(({ text }) => text)).toEqual([
    'changed',
    'a message',
  ]);
  expect(slack.history(second)).toEqual([]);
});
