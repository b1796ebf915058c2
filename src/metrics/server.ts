import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from './metrics.ts';
import type { MetricsSettings } from './settings.ts';

/** Why the server cannot be spoken to yet, or what people should know although it can. */
export interface Readiness {
  readonly isReady: boolean;
  /** What it does now, in a few words. */
  readonly stage: string;
  /** Not fatal: a server whose Slack is away still brings services up. */
  readonly chat: string;
}

export interface MetricsServerOptions {
  readonly settings: MetricsSettings;
  /** Undefined until there is something to measure. */
  readonly metrics: () => Metrics | undefined;
  readonly readiness: () => Readiness;
  readonly log: Log;
  readonly onBug: (error: unknown) => void;
  /** Between two tries to open the port, in milliseconds. Default 10,000. */
  readonly againMs?: number;
}

export interface MetricsServer {
  begin(): void;
  close(): Promise<void>;
}

/**
 * Answers `/metrics`, `/healthz` (the process lives) and `/readyz` (it can be spoken to). What is wrong with its port keeps
 * nobody waiting: recovery is more important than being watched.
 */
export function createMetricsServer({
  settings,
  log,
  onBug,
  againMs = 10_000,
  ...told
}: MetricsServerOptions): MetricsServer {
  const { host, port } = settings;
  const answer = getRequestListener(createMetricsRoutes(told, onBug).fetch, { overrideGlobalObjects: false });
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing).catch(onBug));
  // Being watched keeps no process alive that has nothing else to do.
  server.unref();
  let again: NodeJS.Timeout | undefined;
  let isTold = false;
  let isClosed = false;

  const listen = () => void server.listen(port, host);
  server.on('error', (error) => {
    if (!isTold)
      log.warn({ host, port, error: error.message }, 'nobody can read the metrics: their port cannot be opened');
    isTold = true;
    // The process before this one may still be leaving.
    if (!isClosed) again = setTimeout(listen, againMs).unref();
  });
  server.on('listening', () => log.info({ host, port }, 'metrics can be read'));

  return {
    begin: listen,
    async close() {
      isClosed = true;
      clearTimeout(again);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Told = Pick<MetricsServerOptions, 'metrics' | 'readiness'>;

/** The same without a port. */
export function createMetricsRoutes({ metrics, readiness }: Told, onBug: (error: unknown) => void): Hono {
  const routes = new Hono();
  routes.get('/healthz', (context) => context.text('alive\n'));
  routes.get('/readyz', (context) => {
    const now = readiness();
    return context.json(now, now.isReady ? 200 : 503);
  });
  routes.get('/metrics', async (context) => {
    const now = metrics();
    if (!now) return context.text('not yet\n', 503);
    return context.body(await now.read(), 200, { 'content-type': now.contentType });
  });
  routes.onError((error, context) => {
    if (isAppError(error)) return context.text(`${error.message}\n`, 503);
    onBug(error);
    return context.text('something failed in a way that nobody expected\n', 500);
  });
  return routes;
}
