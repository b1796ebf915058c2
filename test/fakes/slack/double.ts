import { isObject } from './args.ts';
import { type Clicking, createClicking } from './clicking.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createEvents, type Happenings } from './events.ts';
import { createFaults, type Faults } from './faults.ts';
import { createHanded } from './handed.ts';
import type { ApiRequest, Json } from './kinds.ts';
import { createLinks, type Links } from './links.ts';
import { appMethods } from './methods/app.ts';
import { chatMethods } from './methods/chat.ts';
import { conversationMethods } from './methods/conversations.ts';
import { fileMethods, takeUpload } from './methods/files.ts';
import type { Slack } from './methods/method.ts';
import { peopleMethods } from './methods/people.ts';
import { viewMethods } from './methods/views.ts';
import { createRates } from './rates.ts';
import { SlackRefused } from './refused.ts';
import { respond } from './responses.ts';
import { startServer } from './server.ts';
import { createSetup, type Setup } from './setup.ts';
import { createSights, type Sights } from './sights.ts';
import { createTokens } from './tokens.ts';
import { createTyping, type Typing } from './typing.ts';
import { createWindows, type Windows } from './windows.ts';
import { BOT_USER, createWorld, type World } from './world.ts';

/** What the manifest asks for; a test may take some away. */
const SCOPES = [
  'commands',
  'chat:write',
  'users:read',
  'users:read.email',
  'usergroups:read',
  'channels:read',
  'groups:read',
  'im:write',
  'channels:history',
  'groups:history',
  'im:history',
  'files:write',
];

export interface SlackDoubleOptions {
  /** By signed HTTP to this address instead of over Socket Mode. */
  readonly deliver?: { readonly url: string };
  /** What Slack waits for an acknowledgement; 3 s. */
  readonly ackLimitMs?: number;
  /** `none`: calls are not held to Slack's tiers. */
  readonly rates?: 'slack' | 'none';
  readonly scopes?: readonly string[];
}

/** A workspace of Slack with our app in it, on the loopback: the real Bolt and WebClient talk to it. */
export interface SlackDouble extends Setup, Sights, Typing, Clicking, Windows, Happenings {
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly botUser: string;
  readonly faults: Faults;
  readonly links: Links;
  readonly deliveries: Pick<Deliveries, 'all' | 'again'>;
  readonly tokens: { end(which: 'bot' | 'app', word: string): void };
  readonly scopes: Set<string>;
  readonly requests: readonly ApiRequest[];
  /** What was uploaded last by this name. */
  fileNamed(name: string): string | undefined;
  /** Oddities that Slack lets pass but advises against. */
  readonly advice: readonly string[];
  /** The most calls of a method within any one minute. */
  busiest(method: string): number;
  when: World['when'];
  /** From now on by signed HTTP to this address: for a receiver that starts after the double. */
  deliverTo(url: string): void;
  /** Slack's clock goes on by so much at once; events it owes are sent again. */
  pass(milliseconds: number): Promise<void>;
  dispose(): Promise<void>;
}

export async function createSlackDouble(options: SlackDoubleOptions = {}): Promise<SlackDouble> {
  const world = createWorld();
  const tokens = createTokens();
  const signingSecret = 'double-signing-secret';
  let url = '';
  const way = { url: options.deliver?.url, signingSecret, ackLimitMs: options.ackLimitMs ?? 3000 };
  const deliveries = createDeliveries(world, () => links, way);
  const links = createLinks(world, () => url, deliveries.acked);
  const handed = createHanded(world, () => url);
  const scopes = new Set(options.scopes ?? SCOPES);
  const slack: Slack = { world, scopes, handed, links, advice: [] };
  const faults = createFaults(links.drop);
  const rates = createRates(world.now, options.rates !== 'none');
  const events = createEvents(slack, deliveries);
  const requests: ApiRequest[] = [];
  const server = await startServer({
    slack,
    methods: {
      ...appMethods,
      ...chatMethods,
      ...conversationMethods,
      ...fileMethods,
      ...peopleMethods,
      ...viewMethods,
    },
    tokens,
    rates,
    faults,
    requests,
    respondAt: (path, body) => respondAt(path, body, slack, deliveries),
  });
  url = server.url;
  world.uploadUrl = `${url}/upload`;
  return {
    ...createTyping(slack, deliveries),
    ...createClicking(slack, deliveries),
    happen: events.happen,
    openHome: events.openHome,
    ...createWindows(slack, deliveries),
    ...createSights(world),
    ...createSetup(world),
    apiUrl: `${url}/api/`,
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret,
    botUser: BOT_USER,
    faults,
    links,
    deliveries,
    tokens,
    scopes,
    requests,
    fileNamed: (name) => [...world.files.values()].findLast((file) => file.name === name)?.text,
    advice: slack.advice,
    busiest: rates.busiest,
    when: world.when,
    deliverTo: (address) => {
      way.url = address;
    },
    pass: async (milliseconds) => {
      world.pass(milliseconds);
      await events.retryDue();
    },
    dispose: async () => {
      links.close();
      await server.close();
    },
  };
}

function respondAt(path: string, body: string, slack: Slack, deliveries: Deliveries) {
  const uploaded = takeUpload(path, body, slack.world.files);
  if (uploaded !== undefined) return { status: uploaded, text: 'OK' };
  try {
    const place = slack.handed.useResponseUrl(path);
    if (!place) return { status: 404, text: 'no_service' };
    const said = JSON.parse(body) as Json;
    if (!isObject(said)) return { status: 400, text: 'invalid_payload' };
    respond(said, place, slack);
    deliveries.all.find(({ id }) => id === place.delivery)?.responses.push(said);
    return { status: 200, text: 'ok' };
  } catch (error) {
    if (!(error instanceof SlackRefused)) return { status: 400, text: 'invalid_payload' };
    const isGone = error.word === 'used_url' || error.word === 'expired_url';
    return { status: isGone ? 404 : 400, text: error.word };
  }
}
