import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import pRetry from 'p-retry';
import { PortError } from '../../errors.ts';
import { ClusterRefusal } from './cluster.ts';
import { type Connect, type Sent, textOf } from './cluster-connection.ts';

export interface ClusterRequest extends Omit<Sent, 'silentMs'> {
  /** For the count. */
  readonly verb: string;
  readonly resource: string;
}

export interface Timing {
  /** How long a request is sent again that meets a server in trouble, in milliseconds. */
  readonly patienceMs: number;
  /** How long a connection may be silent. */
  readonly silentMs: number;
  /** How long a watch is asked to last before it is opened anew. */
  readonly watchSeconds: number;
  /** How long it is believed which kinds the server knows, in milliseconds. kubectl believes it for hours. */
  readonly kindsMs: number;
}

export const USUAL_TIMING: Timing = { patienceMs: 15_000, silentMs: 30_000, watchSeconds: 60, kindsMs: 10_000 };

export interface Requests {
  /** Once. @throws ClusterRefusal, PortError */
  once(request: ClusterRequest): Promise<unknown>;
  /** The head of the answer, once: refusals are thrown, the body is the caller's. */
  open(request: ClusterRequest, silentMs?: number): Promise<IncomingMessage>;
  /**
   * Does the work again while the server is in trouble, until patience ends. `again` says whether a refusal may be tried
   * again that usually is. What is still throttled or unavailable then becomes a retryable `PortError`.
   */
  patiently<T>(work: () => Promise<T>, signal?: AbortSignal, again?: (error: Error) => boolean): Promise<T>;
  /** Once, patiently: for what does no harm when it is repeated. */
  repeat(request: ClusterRequest): Promise<unknown>;
  counts(): Readonly<Record<string, number>>;
}

export function createRequests(connect: Connect, { patienceMs, silentMs: usualSilentMs }: Timing): Requests {
  const counts: Record<string, number> = {};
  /** From a throttled answer. */
  const restMs = new WeakMap<Error, number>();

  const requests: Requests = {
    async open(request, silentMs = usualSilentMs) {
      const { verb, resource, ...sent } = request;
      counts[`${verb} ${resource}`] = (counts[`${verb} ${resource}`] ?? 0) + 1;
      const answer = await connect({ ...sent, silentMs });
      const status = answer.statusCode ?? 0;
      if (status < 400) return answer;
      const refusal = refusalOf(status, answer.statusMessage ?? '', await textOf(answer, request.signal));
      const seconds = Number(answer.headers['retry-after']);
      if (seconds > 0) restMs.set(refusal, seconds * 1_000);
      throw refusal;
    },
    async once(request) {
      const text = await textOf(await requests.open(request), request.signal);
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new PortError('platform-unavailable', 'The API server gave an answer that is no JSON.', { cause });
      }
    },
    async patiently(work, signal, again = () => true) {
      const startedAt = performance.now();
      try {
        return await pRetry(work, {
          ...{ retries: 50, minTimeout: 100, maxTimeout: 2_000, randomize: true, maxRetryTime: patienceMs },
          ...(signal && { signal }),
          shouldRetry: async ({ error }) => {
            if (!mayPass(error) || !again(error)) return false;
            const rest = restMs.get(error) ?? 0;
            if (performance.now() - startedAt + rest > patienceMs) return false;
            if (rest > 0) await wait(rest, undefined, signal ? { signal } : {});
            return true;
          },
        });
      } catch (error) {
        throw signal?.aborted ? signal.reason : afterAll(error);
      }
    },
    repeat: (request) => requests.patiently(() => requests.once(request), request.signal),
    counts: () => ({ ...counts }),
  };
  return requests;
}

const IN_TROUBLE = new Set([429, 500, 502, 503, 504]);

/** May be gone when the same request is sent a little later. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ClusterRefusal) return IN_TROUBLE.has(error.status);
  return error instanceof PortError && error.retryable;
}

/** The server may have done what it was asked although the answer is bad, or never came. */
export function mayHaveHappened(error: unknown): boolean {
  return mayPass(error) && !(error instanceof ClusterRefusal && error.status === 429);
}

/** 500 stays what it is: a webhook that does not answer is told so, and callers want its sentence. */
function afterAll(error: unknown): unknown {
  if (!(error instanceof ClusterRefusal) || !mayPass(error) || error.status === 500) return error;
  const why = error.status === 429 ? 'asks us to send less' : 'is not able to answer';
  return new PortError('platform-unavailable', `The API server ${why} (${error.status}).`, {
    cause: error,
    retryable: true,
  });
}

/** The body is a Status as text; something in between may have answered with anything else. */
function refusalOf(status: number, statusText: string, body: string): ClusterRefusal {
  try {
    const { message, reason } = JSON.parse(body) as { message?: unknown; reason?: unknown };
    if (typeof message === 'string') {
      return new ClusterRefusal(message, status, typeof reason === 'string' ? reason : statusText);
    }
  } catch {
    // No Status: its first line has to do.
  }
  return new ClusterRefusal(body.split('\n')[0]?.slice(0, 200) || statusText, status, statusText.replaceAll(' ', ''));
}
