import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { PortError } from '../../errors.ts';
import { openSocketAddress } from './socket-path.ts';

export interface Call {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly session?: string | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const NOBODY_THERE = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** True when the call never reached a server, so that it may be made again. */
export function wasNotHeard(error: unknown): boolean {
  return (
    error instanceof PortError && error.code === 'server-unavailable' && NOBODY_THERE.includes(codeOf(error.cause))
  );
}

function translate(cause: unknown, call: Call): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (cause instanceof PortError) return cause;
  if (NOBODY_THERE.includes(codeOf(cause))) {
    return new PortError('server-unavailable', 'No server is running.', {
      cause,
      retryable: true,
      hint: 'Start it with "cml serve".',
    });
  }
  if (codeOf(cause) === 'EACCES') {
    return new PortError('server-unavailable', `The server's socket ${call.socketPath} may not be used by you.`, {
      cause,
    });
  }
  return new PortError(
    'server-unavailable',
    'The server went away before it answered; it may still have done what was asked.',
    {
      cause,
      retryable: true,
      hint: 'Look with "cml status".',
    },
  );
}

/**
 * One call over the socket, on a connection of its own: a server that ends never leaves one behind that looks alive.
 * @throws PortError `server-unavailable`
 */
export async function callServer(call: Call): Promise<IncomingMessage> {
  try {
    const address = openSocketAddress(call.socketPath);
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        const body = call.body === undefined ? undefined : JSON.stringify(call.body);
        const headers = {
          ...(call.session === undefined ? {} : { authorization: `Bearer ${call.session}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        };
        const { method, path, signal } = call;
        request({ socketPath: address.path, method, path, headers, agent: false, ...(signal ? { signal } : {}) })
          .once('response', resolve)
          .on('error', reject)
          .end(body);
      });
    } finally {
      address.close();
    }
  } catch (cause) {
    throw translate(cause, call);
  }
}

/** Reads a whole answer as JSON of a known shape. */
export async function readAnswer<Shape>(
  response: IncomingMessage,
  schema: z.ZodType<Shape>,
  call: Call,
): Promise<Shape> {
  let body: string;
  try {
    body = await text(response);
  } catch (cause) {
    throw translate(cause, call);
  }
  const read = schema.safeParse(parseJson(body));
  if (read.success) return read.data;
  throw new PortError('server-unavailable', 'The server answered something that cannot be understood.', {
    cause: read.error,
    hint: 'The client and the server may be of different versions: end the server and try again.',
  });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new PortError('server-unavailable', 'The server answered something that is not JSON.', { cause });
  }
}
