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
  /** Of answers worth asking for again: how long the server wants to be left alone. */
  const restMs = new WeakMap<Error, number>();
  let isKnown = false;

  async function once<Name extends OperationName>(
    operation: Name,
    body: Body,
    signal: AbortSignal | undefined,
  ): Promise<AnswerOf<Name>> {
    signal?.throwIfAborted();
    const credentials = await ports.credentials();
    const asked: Asked = {
      ...{ operation, body, isKnown, isEffect: isEffect(operation), withToken: 'accessToken' in credentials },
      ...{ host: new URL(ports.endpoint).host, at: clock.now() },
    };
    const reply = await answered(asked, credentials, signal);
    if (reply.status >= 200 && reply.status < 300) {
      const value = read(operation, asked, reply);
      isKnown = true;
      return value;
    }
    const refusal = refusalOf(asked, reply);
    if (isBusy(reply, asked.isEffect)) restMs.set(refusal, reply.restMs ?? 0);
    throw refusal;
  }

  async function answered(asked: Asked, credentials: Credentials, signal: AbortSignal | undefined): Promise<Reply> {
    const { operation, at, body } = asked;
    const url = `${ports.endpoint}/api/v1/ml/${operation}`;
    const headers = { ...loginHeaders(credentials, new URL(url).pathname, at), accept: JSON_TYPE };
    try {
      const sent = { url, headers, body: JSON.stringify(body) };
      // An effect that was sent is waited for: its answer is all that tells what was begun.
      const reply = await ports.send(asked.isEffect ? sent : { ...sent, signal });
      const facts = {
        operation,
        status: reply.status,
        requestId: reply.requestId,
        ms: clock.now().getTime() - at.getTime(),
      };
      if (asked.isEffect) ports.log.info(facts, 'the control plane answered');
      else ports.log.debug(facts, 'the control plane answered');
      return reply;
    } catch (cause) {
      if (signal?.aborted && !asked.isEffect) throw signal.reason;
      const trouble = troubleOf(cause, asked);
      if (trouble instanceof PortError && trouble.retryable) restMs.set(trouble, 0);
      throw trouble;
    }
  }

  return (operation, body, { signal } = {}) =>
    pRetry(() => once(operation, body, signal), {
      ...{ retries: patience.retries, minTimeout: patience.firstMs, maxTimeout: patience.longestMs, factor: 2 },
      // It would throw away the answer of an effect that came after the abort.
      ...(signal && !isEffect(operation) && { signal }),
      shouldRetry: async ({ error, retriesLeft }) => {
        const rest = restMs.get(error);
        if (rest === undefined || retriesLeft === 0) return false;
        if (rest > 0) await clock.sleep(Math.min(rest, LONGEST_REST_MS), signal);
        return true;
      },
    });
}

/** A server that wants more is asked again by the runner, much later. */
const LONGEST_REST_MS = 30_000;

/** Nothing is told apart from nothing: a field of `null` is a field that is not there. */
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
    if (isPage || !asked.isKnown) throw notAControlPlane(asked.host, reply, causeOf(reply));
    throw new PortError(
      'platform-unavailable',
      `The answer of the control plane to ${asked.operation} makes no sense`,
      {
        cause,
        hint: 'Is its release newer than this program knows?',
      },
    );
  }
}
