import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HTTPReceiver } from '@slack/bolt';
import type { Clock } from '../../clock.ts';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createSlackLogger } from './clients.ts';

export interface HttpDoorOptions {
  readonly signingSecret: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HttpDoor {
  readonly receiver: HTTPReceiver;
  /** @throws PortError `chat-unavailable` when the port is taken. */
  open(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

/** Source: docs.slack.dev/authentication/verifying-requests-from-slack; Bolt looks only backwards. */
const MOST_SKEW_S = 300;
const CLOSING_MS = 2_000;
/** Where Slack's deliveries arrive. */
export const HTTP_PATH = '/slack/events';

/**
 * Bolt's receiver behind a door of our own, which refuses what Bolt would take: a time in the future, and anything signed
 * before this process began: what an earlier life could not write down would be said twice.
 */
export function createHttpDoor({ signingSecret, port, clock, log }: HttpDoorOptions): HttpDoor {
  const receiver = new HTTPReceiver({
    signingSecret,
    endpoints: HTTP_PATH,
    logger: createSlackLogger(log),
    processEventErrorHandler: async () => false,
  });
  const beganAt = Math.floor(clock.now().getTime() / 1_000);
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/health') return void response.writeHead(200).end('ok');
    const problem = timeProblem(request, clock.now().getTime() / 1_000, beganAt);
    if (problem !== undefined) {
      log.warn({ problem }, 'a request to the door of Slack was refused');
      return void response.writeHead(401).end();
    }
    withoutCharset(request);
    receiver.requestListener(request, response);
  });
  return {
    receiver,
    async open() {
      await listen(server, port);
      return { port: (server.address() as AddressInfo).port };
    },
    close: () => closeServer(server),
  };
}

function timeProblem({ headers }: IncomingMessage, now: number, beganAt: number): string | undefined {
  const written = headers['x-slack-request-timestamp'];
  if (written === undefined) return undefined; // the receiver refuses what is not signed
  const at = Number(written);
  if (!Number.isFinite(at)) return 'its time is no number';
  if (Math.abs(now - at) > MOST_SKEW_S) return 'its time is too far from now';
  return at < beganAt ? 'it was signed before this server began' : undefined;
}

/** Some proxies add a character set, and Bolt then takes a form for JSON. */
function withoutCharset({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type?.startsWith('application/x-www-form-urlencoded;'))
    headers['content-type'] = 'application/x-www-form-urlencoded';
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, () => resolve());
    });
  } catch (cause) {
    throw new PortError('chat-unavailable', `The port ${port}, where Slack shall be heard, cannot be opened.`, {
      cause,
      hint: 'Set another one as slack.port in cml.yaml.',
    });
  }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const impatient = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearTimeout(impatient);
}
