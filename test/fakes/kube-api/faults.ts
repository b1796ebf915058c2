import { setTimeout as wait } from 'node:timers/promises';
import type { ApiRequest, Verb } from './requests.ts';
import { Refused, titleOf } from './store.ts';

/** Which requests; what is absent is anything. */
export interface Match {
  readonly verb?: Verb | readonly Verb[];
  /** `Deployment`. */
  readonly kind?: string;
  readonly name?: string | RegExp;
  readonly namespace?: string;
  readonly subresource?: string;
  /** For all else. */
  readonly when?: (request: ApiRequest) => boolean;
}

/** What happens to a request instead of, or before, its usual answer. */
export type Fault =
  /** An error from the server: 429 and 503 with `retryAfterSeconds`, 500 and so on. The request has no effect. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Answered as usual, later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** 409 Conflict. */
  | { readonly kind: 'conflict' }
  /** The connection drops; without any effect. */
  | { readonly kind: 'drop' }
  /** The effect happens, the connection drops before its answer. */
  | { readonly kind: 'lose-answer' }
  /** Never answered, the connection stays. */
  | { readonly kind: 'silent' };

/** Waited for. One that answers `drop` drops the connection there, `silent` leaves the sender without an answer for ever. */
export type Hook = (request: ApiRequest) => unknown;

export interface Faults {
  /** For the next `times` requests that match (default 1). The answer tells how often it happened, and ends it. */
  add(match: Match, fault: Fault, times?: number): { hits(): number; end(): void };
  /** Every write, also with dryRun, before its effect and after it but before its answer. */
  beforeWrite(hook: Hook): () => void;
  afterWrite(hook: Hook): () => void;
  /** Breaks the connections of running watches, as a restarting API server does. */
  dropWatches(match?: Match): void;
  /** Running watches stay open, and nothing comes any more; later ones are as usual. */
  silenceWatches(match?: Match): void;
  /** Breaks the connections of all who read a log. */
  dropLogs(): void;
  clear(): void;
}

export interface RunningWatch {
  readonly request: ApiRequest;
  drop(): void;
  silence(): void;
}

/** The server's side. */
export interface FaultSource extends Faults {
  readonly watches: Set<RunningWatch>;
  readonly logs: Set<RunningWatch>;
  /** @throws Refused; answers what is to happen to the connection */
  before(request: ApiRequest): Promise<'go on' | 'drop' | 'silent' | 'lose-answer'>;
  after(request: ApiRequest): Promise<'go on' | 'drop' | 'silent'>;
}

export function createFaults(): FaultSource {
  const planned = new Set<{ match: Match; fault: Fault; left: number; hits: number }>();
  const hooks = { before: new Set<Hook>(), after: new Set<Hook>() };
  const watches = new Set<RunningWatch>();
  const logs = new Set<RunningWatch>();
  async function askAll(list: ReadonlySet<Hook>, request: ApiRequest): Promise<'go on' | 'drop' | 'silent'> {
    for (const hook of request.isWrite ? [...list] : []) {
      const answer = await hook(request);
      if (answer === 'drop' || answer === 'silent') return answer;
    }
    return 'go on';
  }
  return {
    watches,
    logs,
    dropLogs() {
      for (const log of [...logs]) log.drop();
    },
    add(match, fault, times = 1) {
      const entry = { match, fault, left: times, hits: 0 };
      planned.add(entry);
      return { hits: () => entry.hits, end: () => void planned.delete(entry) };
    },
    beforeWrite: (hook) => added(hooks.before, hook),
    afterWrite: (hook) => added(hooks.after, hook),
    dropWatches(match = {}) {
      for (const watch of [...watches]) if (fits(match, watch.request)) watch.drop();
    },
    silenceWatches(match = {}) {
      for (const watch of [...watches]) if (fits(match, watch.request)) watch.silence();
    },
    clear() {
      planned.clear();
      hooks.before.clear();
      hooks.after.clear();
    },
    async before(request) {
      for (const entry of [...planned]) {
        if (!fits(entry.match, request) || entry.left <= 0) continue;
        entry.left -= 1;
        entry.hits += 1;
        const { fault } = entry;
        if (fault.kind === 'answer') throw answerOf(fault);
        if (fault.kind === 'conflict') throw conflictOf(request);
        if (fault.kind !== 'slow') return fault.kind;
        await wait(fault.ms);
      }
      return askAll(hooks.before, request);
    },
    after: (request) => askAll(hooks.after, request),
  };
}

function added<T>(set: Set<T>, entry: T): () => void {
  set.add(entry);
  return () => void set.delete(entry);
}

function fits({ verb, kind, name, namespace, subresource, when }: Match, request: ApiRequest): boolean {
  const verbs = verb === undefined ? undefined : [verb].flat();
  const nameOf = request.name ?? (request.body as { metadata?: { name?: string } } | undefined)?.metadata?.name ?? '';
  return (
    (verbs?.includes(request.verb) ?? true) &&
    (kind === undefined || kind === request.served.kind.kind) &&
    (name === undefined || (typeof name === 'string' ? name === nameOf : name.test(nameOf))) &&
    (namespace === undefined || namespace === request.namespace) &&
    (subresource === undefined || subresource === request.subresource) &&
    (when?.(request) ?? true)
  );
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function answerOf({ status, reason, message, retryAfterSeconds }: Extract<Fault, { kind: 'answer' }>): Refused {
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Refused(status, reason ?? REASONS[status] ?? 'Unknown', message ?? `made to answer ${status}`, details);
}

function conflictOf({ served: { kind }, name = '' }: ApiRequest): Refused {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${titleOf(kind)} "${name}": ${why}`);
}
