import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { PortError } from '../errors.ts';
import { createWebApp } from './app.tsx';
import { countChanges } from './seen-changes.ts';
import type { WebWorld } from './web-world.ts';

export interface WebServerOptions extends Omit<WebWorld, 'closing' | 'seen'> {
  /** Something is another than before; says not what. */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

export interface WebServer {
  /** @throws PortError `server-unavailable` when the port is taken. */
  listen(): Promise<{ readonly port: number }>;
  /** Lets watchers go and waits a moment for what is being answered. May be repeated. */
  close(): Promise<void>;
}

const CLOSING_MS = 2_000;
/** Longer than what stands in front of us keeps its connections: whoever closes first must not be the one that is asked. */
const IDLE_CONNECTION_MS = 75_000;

/** The page on its own port. */
export function createWebServer({ changes, ...world }: WebServerOptions): WebServer {
  const { settings, log } = world;
  const closing = new AbortController();
  const onBug = (error: unknown) => {
    log.error({ err: error }, 'a page failed in a way that nobody expected');
    world.onBug(error);
  };
  const seen = countChanges(changes, closing.signal, onBug);
  const app = createWebApp({ ...world, onBug, seen, closing: closing.signal });
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((incoming, outgoing) => {
    outgoing.once('close', () => {
      // What a browser keeps open for its next question keeps nobody from closing.
      if (closing.signal.aborted) setImmediate(() => server.closeIdleConnections());
    });
    answer(incoming, outgoing).catch(onBug);
  });
  server.keepAliveTimeout = IDLE_CONNECTION_MS;

  return {
    async listen() {
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(settings.port, settings.host, () => {
            server.off('error', reject);
            resolve();
          });
        });
      } catch (cause) {
        const where = `${settings.host}:${settings.port}`;
        throw new PortError('server-unavailable', `The page cannot be opened at ${where}.`, {
          cause,
          hint: 'Set another one as web.port in cml.yaml.',
        });
      }
      return { port: (server.address() as AddressInfo).port };
    },
    async close() {
      closing.abort();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const impatient = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
      await closed;
      clearTimeout(impatient);
    },
  };
}
