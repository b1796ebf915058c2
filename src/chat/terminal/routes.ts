import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { exitCodeOf, isAppError, UserError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { type Caller, type FollowEvent, line, PROTOCOL, proof, type SaidLine, wantedFile } from './protocol.ts';
import { createSessions } from './sessions.ts';

export interface Door {
  /** Carries out one word. Throws an `AppError` to refuse it. */
  readonly say: (caller: Caller, word: string, input: unknown) => Promise<Answer>;
  /** A file of a backup. Throws an `AppError` to refuse it; breaks off when it cannot be read to its end. */
  readonly download: (
    caller: Caller,
    wanted: { readonly backup: string; readonly path: string },
    signal: AbortSignal,
  ) => Promise<{ readonly body: ReadableStream<Uint8Array>; readonly bytes: number }>;
  /** Begins with how it stands now; ends after the event that ends it, and soon after `signal` is aborted. */
  readonly follow: (operationId: string, signal: AbortSignal) => AsyncIterable<FollowEvent>;
  readonly followRequest: (requestId: string, signal: AbortSignal) => AsyncIterable<FollowEvent>;
  /** Told of an error that nobody expected, after it was answered. */
  readonly onBug: (error: unknown) => void;
}

export interface RouteOptions extends Door {
  readonly noncesFolder: string;
  readonly version: string;
  readonly clock: Clock;
  /** Aborted when the server closes: every follower is let go. */
  readonly closing: AbortSignal;
}

const MOST_BYTES = 1024 * 1024;
const SESSION_OVER = { code: 'session-over', message: 'The session is over.', exitCode: 3 };
const STATUS = { 1: 500, 2: 400, 3: 403, 4: 404 } as const;

/**
 * Lines of JSON, asked for one at a time: a follower that does not read keeps nobody waiting but itself. What is wrong
 * from the start is a refusal; what breaks later ends the stream before its last event, and the client comes back.
 */
async function streamLines(
  follow: (signal: AbortSignal) => AsyncIterable<FollowEvent>,
  leaving: readonly AbortSignal[],
  onBug: Door['onBug'],
): Promise<Response> {
  const stop = new AbortController();
  const signal = AbortSignal.any([...leaving, stop.signal]);
  const iterator = follow(signal)[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next = await iterator.next();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        if (next.done) return stream.close();
        stream.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
        try {
          next = await iterator.next();
        } catch (error) {
          if (!isAppError(error) && !signal.aborted) onBug(error);
          stream.close();
        }
      },
      cancel: () => stop.abort(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}

async function readBody<Body>(schema: z.ZodType<Body>, request: Request): Promise<Body> {
  const text = await request.text();
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UserError('bad-input', 'The server was sent something that it cannot read.', {
      cause,
      hint: 'The client and the server may be of different versions.',
    });
  }
}

function callerOf(uid: number, as: SaidLine['as']): Caller {
  return { uid, ...(as ? { as: as.name } : {}), ...(as?.token === undefined ? {} : { token: as.token }) };
}

/** The paths of the socket. */
export function createRoutes(options: RouteOptions): (request: Request) => Response | Promise<Response> {
  const sessions = createSessions(options.noncesFolder, () => options.clock.now().getTime());
  const app = new Hono<{ Variables: { uid: number } }>();
  app.use(bodyLimit({ maxSize: MOST_BYTES }));
  app.onError((error, context) => {
    if (isAppError(error)) {
      const exitCode = exitCodeOf(error.code);
      const { code, message, hint } = error;
      return context.json({ code, message, hint, exitCode }, STATUS[exitCode]);
    }
    options.onBug(error);
    const message = `Something went wrong that should not have: ${error.message}`;
    return context.json({ code: 'bug', message, hint: 'The log of the server tells more.', exitCode: 1 }, 500);
  });
  app.get('/hello', (context) => context.json({ protocol: PROTOCOL, version: options.version, pid: process.pid }));
  app.post('/challenge', (context) => context.json(sessions.challenge()));
  app.post('/proof', async (context) =>
    context.json(await sessions.prove((await readBody(proof, context.req.raw)).name)),
  );
  app.use(async (context, next) => {
    const uid = sessions.uidOf(context.req.header('authorization')?.replace(/^Bearer /, '') ?? '');
    if (uid === undefined) return context.json(SESSION_OVER, 401);
    context.set('uid', uid);
    await next();
  });
  app.post('/say', async (context) => {
    const { as, word, input } = await readBody(line, context.req.raw);
    return context.json(await options.say(callerOf(context.get('uid'), as), word, input));
  });
  app.post('/download', async (context) => {
    const { as, ...wanted } = await readBody(wantedFile, context.req.raw);
    const leave = AbortSignal.any([context.req.raw.signal, options.closing]);
    const { body, bytes } = await options.download(callerOf(context.get('uid'), as), wanted, leave);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes) };
    return context.body(body, 200, headers);
  });
  const stream = (request: Request, follow: (signal: AbortSignal) => AsyncIterable<FollowEvent>) =>
    streamLines(follow, [request.signal, options.closing], options.onBug);
  app.get('/follow/:id', ({ req }) => stream(req.raw, (signal) => options.follow(req.param('id'), signal)));
  app.get('/follow-request/:id', ({ req }) =>
    stream(req.raw, (signal) => options.followRequest(req.param('id'), signal)),
  );
  return (request) => app.fetch(request);
}
