import { randomUUID } from 'node:crypto';
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, CallLog } from './calls.ts';
import type { Fault, FaultSource } from './faults.ts';
import type { Keys } from './keys.ts';
import { type Answer, mustBeAllowed } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { invalid, Refused } from './refused.ts';
import { type Caller, verifySignature } from './verify-signature.ts';
import { answerOfWithdrawn, type Withdrawn } from './withdrawn.ts';
import type { World } from './world.ts';

export interface Behind {
  readonly world: World;
  readonly keys: Keys;
  readonly faults: FaultSource;
  readonly calls: CallLog;
  /** Operations that this control plane does not have, by what it says instead. */
  readonly withdrawn: ReadonlyMap<string, Withdrawn>;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** How a call's answer is lost. */
class Cut extends Error {
  readonly how: 'dropped' | 'silent';

  constructor(how: 'dropped' | 'silent') {
    super(how);
    this.how = how;
  }
}

export async function startServer(behind: Behind): Promise<Server> {
  const listener = (message: IncomingMessage, response: ServerResponse) => void serve(behind, message, response);
  const server = behind.tls ? createTls(behind.tls, listener) : createPlain(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${behind.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(behind: Behind, message: IncomingMessage, response: ServerResponse): Promise<void> {
  response.sendDate = false; // the server's own clock tells
  response.setHeader('date', behind.world.now().toUTCString());
  const path = new URL(message.url ?? '/', 'http://control-plane').pathname;
  const name = /^\/api\/v1\/ml\/(\w+)$/.exec(path)?.[1];
  if (behind.faults.isDown) {
    message.socket.destroy();
    return;
  }
  const body = await readText(message);
  if (name === undefined || message.method !== 'POST') sendPage(response, path === '/' ? 200 : 404);
  else await serveCall(behind, { name, path, body }, message, response);
}

interface Received {
  readonly name: string;
  readonly path: string;
  readonly body: string;
}

async function serveCall(
  behind: Behind,
  received: Received,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-altus-request-id', requestId);
  const call = behind.calls.begin(received.name, readObject(received.body), requestId, behind.world.now());
  try {
    const caller = identify(behind, call, received, message);
    const faults = behind.faults.of(call);
    for (const fault of faults) if (await failBefore(fault, call, response)) return;
    await askHooks(behind, call, 'before');
    const answer = await run(behind, call, caller, received, message);
    await askHooks(behind, call, 'after');
    for (const fault of faults) failAfter(fault);
    send(response, call, 200, faults.reduce(rewritten, answer));
  } catch (error) {
    if (error instanceof Cut) cut(error, call, response);
    else refuse(error, call, response);
  }
}

async function askHooks({ faults }: Behind, call: Call, stage: 'before' | 'after'): Promise<void> {
  const said = await faults.ask(call, stage);
  if (said !== 'go on') throw new Cut(said === 'drop' ? 'dropped' : 'silent');
}

function identify({ world, keys }: Behind, call: Call, { path }: Received, { headers }: IncomingMessage): Caller {
  const caller = verifySignature({ verb: 'POST', path, headers }, keys, world.now().getTime());
  Object.assign(call, { key: caller.key, authMethod: caller.method });
  return caller;
}

async function run(
  { world, withdrawn }: Behind,
  call: Call,
  caller: Caller,
  { name, body }: Received,
  message: IncomingMessage,
): Promise<Answer> {
  if (message.headers['content-type'] !== 'application/json') throw invalid('The body must be application/json');
  const operation = OPERATIONS[name];
  const without = withdrawn.get(name) ?? (operation ? undefined : 'plain');
  if (without || !operation) throw answerOfWithdrawn(without ?? 'plain', name);
  const asking = { world, caller, requestId: call.requestId };
  mustBeAllowed(asking, name);
  if (!isObject(body)) throw invalid('The body is not a JSON object');
  const answer = await operation.run(call.request, asking);
  call.accepted = true;
  return answer;
}

const rewritten = (answer: Answer, fault: Fault) =>
  fault.kind === 'rewrite' ? (fault.rewrite(answer) as Answer) : answer;

/** True: the call ends here. */
async function failBefore(fault: Fault, call: Call, response: ServerResponse): Promise<boolean> {
  if (fault.kind === 'slow') await sleep(fault.milliseconds);
  if (fault.kind === 'html') {
    call.answered = fault.status;
    sendPage(response, fault.status);
    return true;
  }
  if (fault.kind === 'answer' && fault.when !== 'after') throw refusalOf(fault);
  if ((fault.kind === 'drop' || fault.kind === 'silent') && fault.when === 'before') throw cutOf(fault.kind);
  return false;
}

function failAfter(fault: Fault): void {
  if (fault.kind === 'answer' && fault.when === 'after') throw refusalOf(fault);
  if ((fault.kind === 'drop' || fault.kind === 'silent') && fault.when === 'after') throw cutOf(fault.kind);
}

const cutOf = (kind: 'drop' | 'silent') => new Cut(kind === 'drop' ? 'dropped' : 'silent');

const CODES: Readonly<Record<number, string>> = { 429: 'RESOURCE_EXHAUSTED', 503: 'UNAVAILABLE', 504: 'UNAVAILABLE' };

function refusalOf({ status, code, message, retryAfterSeconds }: Extract<Fault, { kind: 'answer' }>): Refused {
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return new Refused(status, code ?? CODES[status] ?? 'UNKNOWN', message ?? `made to answer ${status}`, headers);
}

function cut({ how }: Cut, call: Call, response: ServerResponse): void {
  call.answered = how;
  if (how === 'dropped') response.destroy();
}

function refuse(error: unknown, call: Call, response: ServerResponse): void {
  // A bug of the double must not look like the control plane's doing.
  const refused = error instanceof Refused ? error : new Refused(500, 'BUG_OF_THE_DOUBLE', String(error));
  call.code = refused.code;
  for (const [name, value] of Object.entries(refused.headers)) response.setHeader(name, value);
  if (refused.code !== '') send(response, call, refused.status, { code: refused.code, message: refused.message });
  else {
    call.answered = refused.status;
    response.writeHead(refused.status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${refused.message}\n`);
  }
}

function send(response: ServerResponse, call: Call, status: number, body: unknown): void {
  call.answered = status;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendPage(response: ServerResponse, status: number): void {
  const page = '<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>';
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

/** What cannot be read is an empty request here; it is refused later. */
function readObject(body: string): Record<string, unknown> {
  return isObject(body) ? JSON.parse(body) : {};
}

function isObject(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
