import { SocketModeReceiver } from '@slack/bolt';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { createSlackLogger, watchedFetch } from './clients.ts';
import type { SlackHealth } from './health.ts';
import { type Ending, endingOf, pauseAfter, STEADY_MS } from './reconnecting.ts';

export interface SocketsOptions {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly health: SlackHealth;
  /** How many connections at once. Slack renews each every few hours: with two, one is always there. Default 2. */
  readonly connections?: number;
}

export interface Sockets {
  readonly receivers: readonly SocketModeReceiver[];
  /** Connects, and goes on connecting for ever; resolves when the first connection stands or could not be made. */
  open(): Promise<void>;
  close(): Promise<void>;
}

const CLOSING_MS = 2_000;

const SENTENCES: Partial<Record<Ending, string>> = {
  'too-many': 'Slack says that too many programs are connected with this app token: does another server use it?',
  'switched-off': 'Socket Mode is switched off in the settings of the Slack app: nothing is heard from Slack.',
};

function createReceiver({ appToken, apiUrl, log, health }: SocketsOptions): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken,
    logger: createSlackLogger(log),
    // The library's own way waits five seconds before each new connection, and lets a failed one end the process.
    autoReconnectEnabled: false,
    installerOptions: {
      clientOptions: {
        slackApiUrl: apiUrl,
        timeout: 10_000,
        retryConfig: { retries: 1, minTimeout: 500 },
        fetch: watchedFetch(health),
      },
    },
    // What a listener could not do was told by the app's own handler; acknowledging it here could fail unheard.
    processEventErrorHandler: async () => false,
  });
}

/** One connection from its beginning to its end. */
async function connectOnce({ client }: SocketModeReceiver, onOpen: () => void): Promise<Ending> {
  let ending: Ending | undefined;
  const listen = (data: unknown) => {
    ending = endingOf(data) ?? ending;
  };
  let ended: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    ended = resolve;
  });
  client.on('ws_message', listen);
  client.once('disconnected', ended);
  try {
    await client.start();
    onOpen();
    await gone;
    return ending ?? 'lost';
  } catch {
    return ending ?? 'refused'; // the library has logged why
  } finally {
    client.off('ws_message', listen);
    client.off('disconnected', ended);
  }
}

/** Connections to Slack that come back by themselves. */
export function createSockets(options: SocketsOptions): Sockets {
  const { clock, health, connections = 2 } = options;
  const receivers = Array.from({ length: connections }, () => createReceiver(options));
  const closing = new AbortController();
  const open = new Set<SocketModeReceiver>();
  const keeping: Promise<void>[] = [];

  function noteConnection(ending?: Ending): void {
    const why = ending && SENTENCES[ending];
    const gone = 'There is no connection to Slack; it is tried again.';
    health.note('connection', why ?? (open.size > 0 ? undefined : gone));
  }

  async function keep(receiver: SocketModeReceiver, tried: () => void): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      let openedAt = Number.POSITIVE_INFINITY;
      const ending = await connectOnce(receiver, () => {
        // It was asked for before the door closed.
        if (closing.signal.aborted) return void receiver.client.disconnect();
        openedAt = clock.now().getTime();
        open.add(receiver);
        noteConnection();
        tried();
      });
      open.delete(receiver);
      tried();
      if (closing.signal.aborted) return;
      failures = clock.now().getTime() - openedAt >= STEADY_MS ? 1 : failures + 1;
      // A renewal that is not waited for is no news.
      if (pauseAfter(ending, failures) > 0) noteConnection(ending);
      await clock.sleep(pauseAfter(ending, failures), closing.signal).catch(() => undefined);
    }
  }

  return {
    receivers,
    async open() {
      await new Promise<void>((resolve) => {
        keeping.push(...receivers.map((receiver) => keep(receiver, resolve)));
      });
    },
    async close() {
      closing.abort();
      for (const { client } of receivers) void client.disconnect();
      const patience = new AbortController();
      await Promise.race([Promise.all(keeping), clock.sleep(CLOSING_MS, patience.signal).catch(() => undefined)]);
      patience.abort();
    },
  };
}
