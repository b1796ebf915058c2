import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KnownBlock } from '@slack/types';
import { createApprovers } from '../../../src/chat/slack/approvers.ts';
import { createSlackClients } from '../../../src/chat/slack/clients.ts';
import { createSlackDoor, type SlackDoor } from '../../../src/chat/slack/door.ts';
import { createSlackHealth, type SlackHealth } from '../../../src/chat/slack/health.ts';
import { type SlackSettings, slackSettings } from '../../../src/chat/slack/settings.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { createSlackWords } from '../../../src/main-slack-words.ts';
import { createSlackDouble, type SlackDouble } from '../../fakes/slack/double.ts';
import type { MessageRef } from '../../fakes/slack/kinds.ts';
import { type Door, openDoor } from '../../orchestrator/door.ts';

/** Everything from the person in Slack to a workspace in memory, with the real Bolt in between. */
export interface SlackWorld {
  readonly slack: SlackDouble;
  readonly door: Door;
  readonly slackDoor: SlackDoor;
  /** Where the door listens over HTTP. */
  readonly url: string;
  readonly health: SlackHealth;
  /** What the log was told, one JSON line each. */
  readonly logged: string[];
  readonly bugs: unknown[];
  readonly people: Record<string, { slack: string }>;
  /** The newest thing that only this person sees, once there are so many; its text. */
  told(user: string, count?: number): Promise<string>;
  /** Once this person was told something that says so. */
  toldOf(user: string, has: string): Promise<string>;
  /** A message of ours in the channel, as the chat would post it. */
  post(message: { text: string; blocks: readonly object[] }): Promise<MessageRef>;
  /** What was looked up of people and groups is looked up anew. */
  pass(ms: number): void;
  /** cml.yaml is edited. */
  configure(change: Partial<SlackSettings>): void;
  /** The door of the next life takes the place of this one. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export interface SlackWorldOptions {
  readonly policy?: object;
  readonly settings?: Partial<Record<keyof SlackSettings, unknown>>;
}

const PEOPLE = { alice: { slack: 'UALICE' }, bob: { slack: 'UBOB' }, carol: { slack: 'UCAROL' } };

async function createDouble(mode: string): Promise<{ slack: SlackDouble; port: number | undefined }> {
  if (mode === 'socket') return { slack: await createSlackDouble({ rates: 'none' }), port: undefined };
  const port = await freePort();
  return {
    slack: await createSlackDouble({ rates: 'none', deliver: { url: `http://127.0.0.1:${port}/slack/events` } }),
    port,
  };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

export async function createSlackWorld(options: SlackWorldOptions = {}): Promise<SlackWorld> {
  const mode = String(options.settings?.mode ?? 'socket');
  const { slack, port } = await createDouble(mode);
  for (const [name, { slack: id }] of Object.entries(PEOPLE)) slack.people.add({ id, name });
  slack.people.add({ id: 'USTRANGER', name: 'zoe' });
  slack.channels.add({ id: 'CML', name: 'ml' });
  slack.channels.add({ id: 'COTHER', name: 'other' });
  let settings = slackSettings.parse({
    channel: 'CML',
    apiUrl: slack.apiUrl,
    ...(port && { port }),
    ...options.settings,
  });
  const logged: string[] = [];
  const log = createLog({ write: (line: string) => void logged.push(line) }, 'debug');
  const health = createSlackHealth(log);
  const clients = createSlackClients({ botToken: slack.botToken, apiUrl: slack.apiUrl, log, health });
  const bugs: unknown[] = [];
  const people = { ...PEOPLE };
  const accounts = () => Object.fromEntries(Object.entries(people).map(([name, { slack: id }]) => [name, id]));
  let passed = 0;
  const now = () => Date.now() + passed;
  const approvers = createApprovers({ client: clients.interactive, accounts, now, log });
  const door = await openDoor(options.policy, approvers.deciding);
  const data = mkdtempSync(join(tmpdir(), 'cml-slack-door-'));
  const createDoor = () =>
    createSlackDoor({
      ...createSlackWords(door.orchestrator, async () => ({ people, slack: settings })),
      settings: () => settings,
      tokens: { bot: slack.botToken, app: slack.appToken, signingSecret: slack.signingSecret },
      clients,
      health,
      data,
      clock: systemClock,
      log,
      onBug: (error) => bugs.push(error),
      onChanged: approvers.forget,
    });
  let slackDoor = createDoor();
  await slackDoor.open();
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ slack, door, health, logged, bugs, people },
    get slackDoor() {
      return slackDoor;
    },
    async told(user, count = 1) {
      await slack.when(() => (slack.ephemerals(user).length >= count ? true : undefined));
      return slack.ephemerals(user).at(-1)?.text ?? '';
    },
    toldOf: (user, has) => slack.when(() => slack.ephemerals(user).find(({ text }) => text.includes(has))?.text),
    async post(message) {
      const said = { channel: 'CML', text: message.text, blocks: message.blocks as KnownBlock[] };
      const { ts = '' } = await clients.notify.chat.postMessage(said);
      return { channel: 'CML', ts };
    },
    pass(ms) {
      passed += ms;
    },
    configure(change) {
      settings = { ...settings, ...change };
    },
    async restart() {
      await slackDoor.close();
      slackDoor = createDoor();
      await slackDoor.open();
    },
    async dispose() {
      await slackDoor.close();
      await slack.dispose();
      await door.dispose();
      rmSync(data, { recursive: true });
    },
  };
}
