import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Access } from './access.ts';
import type { PodLogs } from './controllers/logs.ts';
import { discover } from './discovery.ts';
import type { FaultSource } from './faults.ts';
import type { Served } from './kinds-served.ts';
import type { Objects } from './objects.ts';
import { readLog } from './read-log.ts';
import { type ApiRequest, callerOf, parseRequest } from './requests.ts';
import { managerOf, review } from './review.ts';
import { Refused, type Store } from './store.ts';
import type { Watches } from './watch.ts';

export interface Behind {
  readonly store: Store;
  readonly kinds: readonly Served[];
  readonly objects: Objects;
  readonly watches: Watches;
  readonly logs: PodLogs;
  readonly access: Access;
  readonly faults: FaultSource;
  /** Told of every request about objects. */
  seen(request: ApiRequest): void;
  /** And of every other one. */
  seenOther(method: string, path: string): void;
  /** Other addresses: a node's statistics. Undefined: 404. */
  elsewhere(path: string, query: URLSearchParams): unknown;
  readonly now: () => Date;
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

export async function startServer(behind: Behind): Promise<Server> {
  const server = createServer((message, response) => void answer(behind, message, response));
  // No request is long: a kept connection must not hold the end of a test.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(behind: Behind, message: IncomingMessage, response: ServerResponse): Promise<void> {
  let request: ApiRequest | undefined;
  try {
    const text = await bodyOf(message);
    request = parseRequest(message, text, behind.kinds);
    if (request) await serve(behind, request, response);
    else sendJson(response, 200, other(behind, message, text));
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendJson(response, ...statusOf(error, request));
  }
}

async function serve(behind: Behind, request: ApiRequest, response: ServerResponse): Promise<void> {
  behind.seen(request);
  behind.access.check(request);
  const fate = await behind.faults.before(request);
  if (fate === 'silent') return;
  if (fate === 'drop') {
    response.destroy();
    return;
  }
  if (request.subresource === 'token') sendJson(response, 201, tokenFor(behind, request));
  else if (request.subresource === 'log') followLog(behind, request, response);
  else if (request.verb === 'watch') await behind.watches.serve(request, response);
  else {
    const { code, body } = await behind.objects.handle(request);
    const end = await behind.faults.after(request);
    if (end === 'silent') return;
    if (end === 'drop' || fate === 'lose-answer') response.destroy();
    else sendJson(response, code, body);
  }
}

/** Source: kubernetes.io, TokenRequest v1. */
function tokenFor({ access, now, store }: Behind, { served, namespace, name, body }: ApiRequest): unknown {
  const { spec } = body as { spec?: { expirationSeconds?: number } };
  const seconds = spec?.expirationSeconds ?? 3_600;
  if (seconds < 600)
    throw new Refused(422, 'Invalid', 'spec.expirationSeconds: may not specify a duration less than 10 minutes');
  if (store.get(served.kind, name ?? '', namespace) === undefined)
    throw new Refused(404, 'NotFound', `serviceaccounts "${name}" not found`);
  const expirationTimestamp = `${new Date(now().getTime() + seconds * 1_000).toISOString().slice(0, 19)}Z`;
  const status = { token: access.issue(`${namespace}/${name}`), expirationTimestamp };
  return { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name, namespace }, spec, status };
}

function followLog({ store, logs, faults }: Behind, request: ApiRequest, response: ServerResponse): void {
  readLog(request, store, logs, response);
  const running = { request, drop: () => response.destroy(), silence: () => {} };
  faults.logs.add(running);
  response.on('close', () => faults.logs.delete(running));
}

/** Discovery, access reviews, and what a test adds. */
function other(behind: Behind, message: IncomingMessage, text: string): unknown {
  const { kinds, access, elsewhere, now } = behind;
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://double');
  behind.seenOther(message.method ?? 'GET', pathname);
  if (message.method === 'POST') {
    const caller = callerOf(message);
    return review(access, pathname, text, { manager: managerOf(message.headers['user-agent'] ?? ''), now, caller });
  }
  const found = elsewhere(pathname, searchParams) ?? discover(pathname, kinds);
  if (found === undefined) throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
  return found;
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) text += chunk;
  return text;
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  if (response.destroyed) return;
  const after =
    code >= 400 ? (body as { details?: { retryAfterSeconds?: number } }).details?.retryAfterSeconds : undefined;
  const text = JSON.stringify(body);
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...(after !== undefined && { 'Retry-After': String(Math.ceil(after)) }),
  });
  response.end(text);
}

/** A Status, as the real server writes it. */
function statusOf(error: unknown, request: ApiRequest | undefined): [number, unknown] {
  const refused =
    error instanceof Refused ? error : new Refused(500, 'InternalError', `the double failed: ${stackOf(error)}`);
  const { code, reason, message, details } = refused;
  const [group = '', version] = request?.served.kind.apiVersion.split('/') ?? [];
  const { name: given } = (request?.body as { metadata?: { name?: string } } | undefined)?.metadata ?? {};
  const name = request?.name ?? given;
  const about = request && {
    ...(name !== undefined && { name }),
    ...(version !== undefined && { group }),
    kind: request.served.kind.plural,
  };
  const all = { ...about, ...details };
  return [
    code,
    {
      ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason },
      ...(Object.keys(all).length > 0 && { details: all }),
      code,
    },
  ];
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
