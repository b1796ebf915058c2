import pRetry from 'p-retry';
import type { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import { PortError } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import type { Reply, Send } from './connection.ts';
import { type Asked, causeOf, isBusy, notAControlPlane, refusalOf } from './refusal.ts';
import { type Credentials, JSON_TYPE, loginHeaders } from './signing.ts';
import { answerLost, troubleOf } from './trouble.ts';
import { type AnswerOf, answers, type OperationName } from './wire.ts';

/** Pauses between tries double from the first to the longest. The usual ones are those of the vendor's client. */
export interface Patience {
  readonly retries: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

export const USUAL_PATIENCE: Patience = { retries: 9, firstMs: 100, longestMs: 10_000 };

export interface RequestPorts {
  readonly endpoint: string;
  readonly send: Send;
  readonly credentials: () => Promise<Credentials>;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience: Patience;
}

export type Body = Readonly<Record<string, unknown>>;
export type Call = <Name extends OperationName>(
  operation: Name,
  body: Body,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<AnswerOf<Name>>;

/** What changes something there: sent once, unless it surely was not taken. */
const EFFECTS: ReadonlySet<OperationName> = new Set([
  'backupWorkspace',
  'restoreWorkspace',
  'deleteBackup',
  'requestWorkflowCancellation',
]);

export function isEffect(operation: OperationName): boolean {
  return EFFECTS.has(operation);
}

/** Asks the control plane. Many calls may be under way at once. */
export function createCall(ports: RequestPorts): Call {
  const { clock, patience } = ports;
  let isKnown = false;

  async function once<Name extends OperationName>(operation: Name, body: Body, signal?: AbortSignal) {
    signal?.throwIfAborted();
    const credentials = await ports.credentials();
    const asked: Asked = {
      ...{ operation, body, isKnown, isEffect: isEffect(operation), withToken: 'accessToken' in credentials },
      ...{ host: new URL(ports.endpoint).host, at: clock.now() },
    };
    const reply = await sendSigned(ports, asked, credentials, signal);
    if (reply.status < 200 || reply.status >= 300) {
      throw isBusy(reply, asked.isEffect) ? new Again(refusalOf(asked, reply), reply.restMs) : refusalOf(asked, reply);
    }
    const answer = read(operation, asked, reply);
    isKnown = true;
    return answer;
  }

  return async (operation, body, { signal } = {}) => {
    try {
      return await pRetry(() => once(operation, body, signal), {
        ...{ retries: patience.retries, minTimeout: patience.firstMs, maxTimeout: patience.longestMs, factor: 2 },
        // It would throw away the answer of an effect that came after the abort.
        ...(signal && !isEffect(operation) && { signal }),
        shouldRetry: async ({ error, retriesLeft }) => {
          if (!(error instanceof Again) || retriesLeft === 0) return false;
          if (error.restMs > 0) await clock.sleep(Math.min(error.restMs, LONGEST_REST_MS), signal);
          return true;
        },
      });
    } catch (error) {
      throw error instanceof Again ? error.failure : error;
    }
  };
}

/** A failure that may pass, of a request that began nothing: worth another try. */
class Again extends Error {
  readonly failure: PortError;
  /** How long the server wants to be left alone first. */
  readonly restMs: number;
  constructor(failure: PortError, restMs = 0) {
    super(failure.message);
    this.failure = failure;
    this.restMs = restMs;
  }
}

async function sendSigned(
  { endpoint, send, clock, log }: RequestPorts,
  asked: Asked,
  credentials: Credentials,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const { operation, at } = asked;
  const url = `${endpoint}/api/v1/ml/${operation}`;
  const headers = { ...loginHeaders(credentials, new URL(url).pathname, at), accept: JSON_TYPE };
  const sent = { url, headers, body: JSON.stringify(asked.body) };
  try {
    // An effect that was sent is waited for: its answer is all that tells what was begun.
    const reply = await send(asked.isEffect ? sent : { ...sent, signal });
    const ms = clock.now().getTime() - at.getTime();
    const facts = { operation, status: reply.status, requestId: reply.requestId, ms };
    if (asked.isEffect) log.info(facts, 'the control plane answered');
    else log.debug(facts, 'the control plane answered');
    return reply;
  } catch (cause) {
    if (signal?.aborted && !asked.isEffect) throw signal.reason;
    const trouble = troubleOf(cause, asked);
    throw trouble instanceof PortError && trouble.retryable ? new Again(trouble) : trouble;
  }
}

/** A server that wants more is asked again by the runner, much later. */
const LONGEST_REST_MS = 30_000;

/** A field of `null` is a field that is not there. */
function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  return JSON.parse(text, function (this: unknown, _key, value) {
    return value === null && !Array.isArray(this) ? undefined : value;
  });
}

function read<Name extends OperationName>(operation: Name, asked: Asked, reply: Reply): AnswerOf<Name> {
  const schema: z.ZodType = answers[operation];
  try {
    return schema.parse(parseJson(reply.body)) as AnswerOf<Name>;
  } catch (cause) {
    if (asked.isEffect) throw answerLost(asked.operation, causeOf(reply));
    const isPage = reply.body.trimStart().startsWith('<');
    const isPlane = asked.isKnown || reply.requestId !== undefined;
    if (isPage || !isPlane) throw notAControlPlane(asked.host, reply, causeOf(reply));
    throw new PortError(
      'platform-unavailable',
      `The answer of the control plane to ${asked.operation} makes no sense`,
      { cause, hint: 'Is its release newer than this program knows?' },
    );
  }
}
