import { isObject } from './args.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createFaults, type Faults } from './faults.ts';
import { createHanded } from './handed.ts';
import type { ApiRequest, Ephemeral, Json, SlackChannel, SlackMessage, SlackPerson } from './kinds.ts';
import { createLinks, type Links } from './links.ts';
import { appMethods } from './methods/app.ts';
import { chatMethods } from './methods/chat.ts';
import type { Slack } from './methods/method.ts';
import { createRates } from './rates.ts';
import { SlackRefused } from './refused.ts';
import { removeMessage, respond } from './responses.ts';
import { startServer } from './server.ts';
import { createTokens } from './tokens.ts';
import { channelOf, createTyping, type Typing } from './typing.ts';
import { BOT_USER, createWorld, type Kept, type World } from './world.ts';

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
export interface SlackDouble extends Typing {
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly botUser: string;
  readonly people: {
    add(person: SlackPerson): SlackPerson;
    /** From now on nothing reaches them. */
    deactivate(id: string): void;
  };
  readonly channels: {
    /** The app is in it, and those named; everyone when none is. */
    add(channel: Partial<SlackChannel> & { readonly name: string; readonly people?: readonly string[] }): SlackChannel;
    archive(id: string): void;
    /** The app is taken out. */
    removeApp(id: string): void;
  };
  readonly groups: { set(id: string, users: readonly string[], handle?: string): void };
  /** Root messages and broadcast replies, oldest first; copies. */
  history(channel: string): SlackMessage[];
  /** The root and its replies, oldest first; copies. */
  thread(channel: string, ts: string): SlackMessage[];
  /** Everything a message showed, oldest first. */
  states(channel: string, ts: string): Kept['states'];
  ephemerals(user: string): Ephemeral[];
  /** What the app wrote to a person directly. */
  dms(user: string): SlackMessage[];
  /** Somebody removes a message by hand. */
  removeMessage(channel: string, ts: string): void;
  readonly faults: Faults;
  readonly links: Links;
  readonly deliveries: Pick<Deliveries, 'all' | 'again'>;
  readonly tokens: { end(which: 'bot' | 'app', word: string): void };
  readonly scopes: Set<string>;
  readonly requests: readonly ApiRequest[];
  /** Oddities that Slack lets pass but advises against. */
  readonly advice: readonly string[];
  /** The most calls of a method within any one minute. */
  busiest(method: string): number;
  when: World['when'];
  /** Slack's clock goes on by so much at once. */
  pass(milliseconds: number): Promise<void>;
  dispose(): Promise<void>;
}

export async function createSlackDouble(options: SlackDoubleOptions = {}): Promise<SlackDouble> {
  const world = createWorld();
  const tokens = createTokens();
  const signingSecret = 'double-signing-secret';
  let url = '';
  const way = { url: options.deliver?.url, signingSecret, ackLimitMs: options.ackLimitMs ?? 3000 };
  const deliveries = createDeliveries(() => links, way);
  const links = createLinks(world, () => url, deliveries.acked);
  const handed = createHanded(world, () => url);
  const scopes = new Set(options.scopes ?? SCOPES);
  const slack: Slack = { world, scopes, handed, links, advice: [] };
  const faults = createFaults(links.drop);
  const rates = createRates(world.now);
  const requests: ApiRequest[] = [];
  const server = await startServer({
    slack,
    methods: { ...appMethods, ...chatMethods },
    tokens,
    rates: options.rates === 'none' ? undefined : rates,
    faults,
    requests,
    respondAt: (path, body) => respondAt(path, body, slack, deliveries),
  });
  url = server.url;
  return {
    ...createTyping(slack, deliveries),
    ...createSights(world),
    apiUrl: `${url}/api/`,
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret,
    botUser: BOT_USER,
    people: createPeople(world),
    channels: createChannels(world),
    groups: { set: (id, users, handle = id) => void world.groups.set(id, { handle, users }) },
    faults,
    links,
    deliveries,
    tokens,
    scopes,
    requests,
    advice: slack.advice,
    busiest: rates.busiest,
    when: world.when,
    pass: async (milliseconds) => world.pass(milliseconds),
    dispose: async () => {
      links.close();
      await server.close();
    },
  };
}

function createPeople(world: World): SlackDouble['people'] {
  return {
    add: (person) => {
      world.people.set(person.id, person);
      for (const one of world.channels.values()) if (one.isForAll) one.members.add(person.id);
      return person;
    },
    deactivate: (id) => {
      const person = world.people.get(id);
      if (person) world.people.set(id, { ...person, deleted: true });
    },
  };
}

function createChannels(world: World): SlackDouble['channels'] {
  return {
    add: ({ name, people = [], ...given }) => {
      const isForAll = people.length === 0;
      const channel: SlackChannel = {
        id: world.nextId('C'),
        name,
        kind: 'public',
        archived: false,
        isForAll,
        members: new Set(isForAll ? world.people.keys() : [BOT_USER, ...people]),
        ...given,
      };
      world.channels.set(channel.id, channel);
      return channel;
    },
    archive: (id) => {
      channelOf(world, id).archived = true;
    },
    removeApp: (id) => {
      channelOf(world, id).members.delete(BOT_USER);
    },
  };
}

type Sights = Pick<SlackDouble, 'history' | 'thread' | 'states' | 'ephemerals' | 'dms' | 'removeMessage'>;

function createSights(world: World): Sights {
  const inChannel = (given: string) => {
    const { id } = channelOf(world, given);
    return world.messages.map(({ message }) => message).filter(({ channel }) => channel === id);
  };
  const isRoot = ({ thread_ts: thread, ts, reply_broadcast: shown }: SlackMessage) => !thread || thread === ts || shown;
  return {
    history: (channel) => structuredClone(inChannel(channel).filter(isRoot)),
    thread: (channel, root) =>
      structuredClone(inChannel(channel).filter(({ ts, thread_ts: thread }) => ts === root || thread === root)),
    states: (channel, ts) => structuredClone(world.findMessage(channelOf(world, channel).id, ts)?.states ?? []),
    ephemerals: (user) => structuredClone(world.ephemerals.filter((one) => one.user === user)),
    dms: (user) => structuredClone(inChannel(world.directChannel(user).id)),
    removeMessage: (channel, ts) => removeMessage(world, channelOf(world, channel).id, ts),
  };
}

function respondAt(path: string, body: string, slack: Slack, deliveries: Deliveries) {
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
