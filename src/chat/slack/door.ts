import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { App, type Receiver } from '@slack/bolt';
import { PortError } from '../../errors.ts';
import { createSlackLogger, type SlackClients } from './clients.ts';
import { createDeliveries } from './deliveries.ts';
import type { DoorWorld, SlackDoorOptions } from './door-world.ts';
import type { SlackHealth } from './health.ts';
import { createHomeKeeper } from './home-keeper.ts';
import { createHttpDoor } from './http-door.ts';
import { addListeners, showHome } from './listeners.ts';
import { createReplies } from './reply.ts';
import type { SlackTokens } from './settings.ts';
import { createSockets } from './sockets.ts';

export interface SlackDoor {
  /** Begins to listen. Slack that cannot be reached is no error: it is tried again for ever, and the health says so. */
  open(): Promise<{ readonly port?: number }>;
  /** Something changed that homes show. */
  homeChanged(): void;
  /** Listens no more, and waits a moment for words that are being carried out. */
  close(): Promise<void>;
}

export interface CreateSlackDoorOptions extends SlackDoorOptions {
  readonly tokens: SlackTokens;
  readonly clients: SlackClients;
  readonly health: SlackHealth;
  /** The data folder. */
  readonly data: string;
}

/** How Slack's deliveries come in. */
interface Way {
  readonly receivers: readonly Receiver[];
  open(): Promise<{ readonly port?: number }>;
  close(): Promise<void>;
}

const DRAINING_MS = 5_000;

function createWay({ settings, tokens, clock, log, health }: CreateSlackDoorOptions): Way {
  const { mode, port, apiUrl } = settings();
  if (mode === 'http') {
    const door = createHttpDoor({
      signingSecret: needed(tokens.signingSecret, 'SLACK_SIGNING_SECRET'),
      port,
      clock,
      log,
    });
    return { receivers: [door.receiver], open: door.open, close: door.close };
  }
  const sockets = createSockets({ appToken: needed(tokens.app, 'SLACK_APP_TOKEN'), apiUrl, clock, log, health });
  return {
    receivers: sockets.receivers,
    async open() {
      await sockets.open();
      return {};
    },
    close: sockets.close,
  };
}

function needed(secret: string | undefined, name: string): string {
  if (secret) return secret;
  throw new PortError('chat-unavailable', `Nothing can be heard from Slack: ${name} is not set.`, {
    hint: `Set ${name} in the environment of "cml serve"; docs/slack.md says where it is found.`,
  });
}

/** Bolt with nothing of its own: no calls at start, no memory of conversations, and no end of the process by an error. */
function createApp(way: Way, { tokens, log }: CreateSlackDoorOptions): App {
  const [first, ...others] = way.receivers;
  if (!first) throw new Error('there is no way for Slack to come in');
  const app = new App({
    receiver: first,
    authorize: async () => ({ botToken: tokens.bot }),
    logger: createSlackLogger(log),
    convoStore: false,
    ignoreSelf: false,
  });
  for (const receiver of others) receiver.init(app);
  return app;
}

/**
 * Keeps count of what is being done. One word begins in each turn of the event loop: many at once would hold up each
 * other's acknowledgements by the time it takes to read their lines.
 */
function createTracking() {
  const running = new Set<Promise<void>>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async track(work: () => Promise<void>) {
      turn = turn.then(() => nextTurn());
      const done = turn.then(work);
      running.add(done);
      try {
        await done;
      } finally {
        running.delete(done);
      }
    },
    ended: () => Promise.allSettled(running),
  };
}

/**
 * The door of Slack: everything people say, press and fill in there.
 * @throws PortError `chat-unavailable` when a token that it needs is not set.
 */
export function createSlackDoor(options: CreateSlackDoorOptions): SlackDoor {
  const { settings, clients, clock, log, health } = options;
  const client = clients.interactive;
  const world: DoorWorld = { ...options, client, replies: createReplies({ client, apiUrl: settings().apiUrl, log }) };
  const way = createWay(options);
  const app = createApp(way, options);
  const { track, ended } = createTracking();
  app.error(async (error) => {
    log.error({ err: error.original ?? error }, 'something from Slack could not be dealt with');
  });
  const homes = createHomeKeeper({
    draw: (asker) => showHome(world, asker),
    clock,
    onError: (err) => log.debug({ err }, 'a home could not be redrawn'),
  });
  addListeners(app, {
    world,
    homes,
    track,
    deliveries: createDeliveries({
      path: join(options.data, 'slack-deliveries.jsonl'),
      now: () => clock.now().getTime(),
      log,
    }),
    onRevoked: (what) => health.note('bot token', what),
  });
  return {
    open: () => way.open(),
    homeChanged: homes.changed,
    async close() {
      homes.close();
      const patience = new AbortController();
      const drained = Promise.all([way.close(), ended()]);
      await Promise.race([drained, clock.sleep(DRAINING_MS, patience.signal).catch(() => undefined)]);
      patience.abort();
    },
  };
}
