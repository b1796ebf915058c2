import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, readBody, text } from './args.ts';
import type { Fault, FaultSource } from './faults.ts';
import type { ApiRequest, JsonObject } from './kinds.ts';
import type { Method, Methods, Slack } from './methods/method.ts';
import type { Rates } from './rates.ts';
import { SlackRefused } from './refused.ts';
import type { Tokens } from './tokens.ts';

export interface Behind {
  readonly slack: Slack;
  readonly methods: Methods;
  readonly tokens: Tokens;
  readonly rates: Rates;
  readonly faults: FaultSource;
  readonly requests: ApiRequest[];
  /** A post to a `response_url`: what Slack answers. */
  respondAt(path: string, body: string): { readonly status: number; readonly text: string };
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

export async function startServer(behind: Behind): Promise<Server> {
  const server = createServer((message, response) => void serve(behind, message, response));
  server.on('upgrade', (message, socket, head) => {
    if (behind.faults.isDown) socket.destroy();
    else behind.slack.links.upgrade(message, socket, head);
  });
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

async function serve(behind: Behind, message: IncomingMessage, response: ServerResponse): Promise<void> {
  if (behind.faults.isDown) {
    message.socket.destroy();
    return;
  }
  const body = await readBody(message);
  const path = new URL(message.url ?? '/', 'http://slack').pathname;
  const method = /^\/api\/([\w.]+)$/.exec(path)?.[1];
  if (method) {
    await serveMethod(behind, method, message, body, response);
    return;
  }
  const answer = behind.respondAt(path, body);
  response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.text);
}

async function serveMethod(
  behind: Behind,
  name: string,
  message: IncomingMessage,
  body: string,
  response: ServerResponse,
): Promise<void> {
  let request: ApiRequest | undefined;
  try {
    const args = parseArgs(message.headers['content-type'] ?? 'application/x-www-form-urlencoded', body);
    request = { number: behind.requests.length + 1, method: name, args, at: behind.slack.world.now() };
    behind.requests.push(request);
    behind.faults.tell(request, 'before');
    const fault = behind.faults.of(request);
    if (await failsBefore(fault, request, response)) return;
    const answer = run(behind, name, args, message, response);
    behind.faults.tell(request, 'after');
    if (failsAfter(fault, request, response)) return;
    send(response, 200, { ok: true, ...answer });
  } catch (error) {
    refuse(error, request, response);
  }
}

function run(behind: Behind, name: string, args: JsonObject, message: IncomingMessage, response: ServerResponse) {
  const method = behind.methods[name];
  if (!method) throw new SlackRefused('unknown_method', { req_method: name });
  behind.tokens.check(message.headers.authorization?.replace(/^Bearer /, '') ?? text(args, 'token'), method);
  response.setHeader('x-oauth-scopes', [...behind.slack.scopes].join(','));
  checkRate(behind, name, method, args);
  checkScope(method, behind.slack.scopes);
  return method.run(args, behind.slack);
}

function checkRate({ rates }: Behind, name: string, method: Method, args: JsonObject): void {
  const seconds = rates.take(name, method, args);
  if (seconds !== undefined) throw new SlackRefused('ratelimited', { retryAfterSeconds: seconds });
}

function checkScope({ scopes }: Method, granted: ReadonlySet<string>): void {
  if (!scopes || scopes.some((one) => granted.has(one))) return;
  throw new SlackRefused('missing_scope', { needed: scopes.join(','), provided: [...granted].join(',') });
}

/** True: the call ends here. */
async function failsBefore(fault: Fault | undefined, request: ApiRequest, response: ServerResponse): Promise<boolean> {
  if (!fault) return false;
  if (fault.kind === 'slow') {
    await sleep(fault.milliseconds);
    return false;
  }
  if (fault.kind === 'error') throw new SlackRefused(fault.word);
  if (fault.kind === 'rate-limited') {
    throw new SlackRefused('ratelimited', { retryAfterSeconds: fault.retryAfterSeconds });
  }
  if (fault.kind === 'http') {
    request.refused = `http ${fault.status}`;
    response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<h1>Slack is having trouble</h1>');
    return true;
  }
  if (fault.when === 'after') return false;
  request.refused = fault.kind;
  if (fault.kind === 'drop') response.destroy();
  return true;
}

function failsAfter(fault: Fault | undefined, request: ApiRequest, response: ServerResponse): boolean {
  if (fault?.kind !== 'drop' && fault?.kind !== 'silent') return false;
  request.refused = `${fault.kind} after`;
  if (fault.kind === 'drop') response.destroy();
  return true;
}

function refuse(error: unknown, request: ApiRequest | undefined, response: ServerResponse): void {
  // A bug of the double must not look like Slack's doing.
  const refused = error instanceof SlackRefused ? error : new SlackRefused('fatal_error', { why: String(error) });
  if (request) request.refused = refused.word;
  if (refused.word !== 'ratelimited') {
    send(response, 200, { ok: false, error: refused.word, ...refused.more });
    return;
  }
  response.setHeader('retry-after', String(refused.more.retryAfterSeconds));
  send(response, 429, { ok: false, error: 'ratelimited' });
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
