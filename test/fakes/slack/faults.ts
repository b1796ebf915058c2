import type { ApiRequest } from './kinds.ts';

/** What goes wrong with one call. `before`: nothing was done; `after`: Slack did it, but the answer is lost. */
export type Fault =
  | { readonly kind: 'error'; readonly word: string }
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number }
  | { readonly kind: 'http'; readonly status: number }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  /** No answer, ever; the connection stays open. */
  | { readonly kind: 'silent'; readonly when: 'before' | 'after' }
  | { readonly kind: 'slow'; readonly milliseconds: number };

export interface Faults {
  /** For the next calls of the method (or `*`), each once unless `times` says more. */
  next(method: string, fault: Fault, times?: number): void;
  /** For every call the look says yes to. Ends with the returned function. */
  whenever(look: (request: ApiRequest) => boolean, fault: Fault): () => void;
  /** Told before a call is served and after it was: for those who count calls or end a process between two. */
  watch(told: (request: ApiRequest, stage: 'before' | 'after') => void): void;
  /** Slack is away: connections are cut, sockets too, and none is taken. */
  down(): void;
  up(): void;
}

export interface FaultSource extends Faults {
  readonly isDown: boolean;
  of(request: ApiRequest): Fault | undefined;
  tell(request: ApiRequest, stage: 'before' | 'after'): void;
}

export function createFaults(dropSockets: () => void): FaultSource {
  const queued: { readonly method: string; readonly fault: Fault; left: number }[] = [];
  const standing = new Map<(request: ApiRequest) => boolean, Fault>();
  const watchers: ((request: ApiRequest, stage: 'before' | 'after') => void)[] = [];
  let isDown = false;
  return {
    get isDown() {
      return isDown;
    },
    next: (method, fault, times = 1) => {
      queued.push({ method, fault, left: times });
    },
    whenever: (look, fault) => {
      standing.set(look, fault);
      return () => standing.delete(look);
    },
    watch: (told) => {
      watchers.push(told);
    },
    down: () => {
      isDown = true;
      dropSockets();
    },
    up: () => {
      isDown = false;
    },
    of: (request) => {
      const first = queued.find(({ method, left }) => left > 0 && (method === '*' || method === request.method));
      if (first) first.left -= 1;
      return first?.fault ?? [...standing].find(([look]) => look(request))?.[1];
    },
    tell: (request, stage) => {
      for (const told of watchers) told(request, stage);
    },
  };
}
