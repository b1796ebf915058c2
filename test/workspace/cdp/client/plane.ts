import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../../src/clock.ts';
import type { Log } from '../../../../src/log.ts';
import type { ControlPlane } from '../../../../src/workspace/cdp/client/control-plane.ts';
import { createControlPlane } from '../../../../src/workspace/cdp/client/create-control-plane.ts';
import { controlPlaneSettings } from '../../../../src/workspace/cdp/client/settings.ts';

/** What one request is answered with; a function does it itself. */
export type Answer =
  | { status?: number; json?: unknown; text?: string; headers?: Record<string, string> }
  | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Seen {
  readonly operation: string;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

export interface Plane {
  readonly url: string;
  readonly seen: Seen[];
  readonly operations: () => string[];
  readonly close: () => Promise<void>;
}

/** A server that says what the test tells it to; it knows nothing of control planes. */
export async function openPlane(
  answer: (operation: string, nth: number) => Answer,
  tls?: { key: Buffer; cert: Buffer },
): Promise<Plane> {
  const seen: Seen[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const operation = request.url?.split('/').at(-1) ?? '';
      seen.push({ operation, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString() || 'null') });
      give(answer(operation, seen.filter((one) => one.operation === operation).length), request, response);
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    operations: () => seen.map(({ operation }) => operation),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function give(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  if (typeof answer === 'function') {
    answer(request, response);
    return;
  }
  const { status = 200, json, text, headers = {} } = answer;
  const usual = { 'content-type': 'application/json', 'x-altus-request-id': 'r-1' };
  response.writeHead(status, { ...(text === undefined ? usual : { 'content-type': 'text/html' }), ...headers });
  response.end(text ?? JSON.stringify(json ?? {}));
}

export const drop: Answer = (_request, response) => response.destroy();

export interface Logged {
  readonly level: string;
  readonly facts: unknown;
}

/** A client of it with little patience; what it logs is kept. */
export function connect(
  endpoint: string,
  more: { now?: () => Date; settings?: object; environment?: Record<string, string> } = {},
): { plane: ControlPlane; logged: Logged[] } {
  const logged: Logged[] = [];
  const at = (level: string) => (facts: unknown) => void logged.push({ level, facts });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const plane = createControlPlane(controlPlaneSettings.parse({ endpoint, ...more.settings }), {
    environment: more.environment ?? {
      CDP_ACCESS_KEY_ID: 'id',
      CDP_PRIVATE_KEY: Buffer.alloc(32, 7).toString('base64'),
    },
    clock: { ...systemClock, now: more.now ?? (() => new Date()) },
    log,
    patience: { retries: 3, firstMs: 1, longestMs: 5 },
  });
  return { plane, logged };
}
