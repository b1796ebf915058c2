import type { Call } from './calls.ts';

/** What becomes of one call. `before`: nothing was done; `after`: the work was accepted, and its answer is lost. */
export type Fault =
  /** 429, 503, 509 and so on; 504 `after` is a gateway that did not wait long enough. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
      readonly when?: 'before' | 'after';
    }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  /** Never answered, the connection stays open. */
  | { readonly kind: 'silent'; readonly when: 'before' | 'after' }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** A page instead of JSON, as a proxy or a login screen answers; without any effect. */
  | { readonly kind: 'html'; readonly status: number }
  /** Answered as usual, but so. */
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: Record<string, unknown>) => unknown };

/** Waited for, before a call has any effect and after it but before its answer: `drop` and `silent` end the call there. */
export type Hook = (call: Call, stage: 'before' | 'after') => unknown;

export interface Faults {
  /** For the next calls of the operation (or `*`), each once unless `times` says more. */
  next(operation: string, fault: Fault, times?: number): void;
  /** For every call the look says yes to. Ends with the returned function. */
  whenever(look: (call: Call) => boolean, fault: Fault): () => void;
  /** Told of every call: for those who count them, or end a process between two. */
  watch(hook: Hook): () => void;
  /** The control plane is away: connections are cut. */
  down(): void;
  up(): void;
  /** The fields that no model knows, in every answer and in every object of one. */
  unknownFields(): () => void;
  clear(): void;
}

export interface FaultSource extends Faults {
  readonly isDown: boolean;
  of(call: Call): Fault[];
  ask(call: Call, stage: 'before' | 'after'): Promise<'go on' | 'drop' | 'silent'>;
}

export function createFaults(): FaultSource {
  const queued: { readonly operation: string; readonly fault: Fault; left: number }[] = [];
  const standing = new Set<{ look: (call: Call) => boolean; fault: Fault }>();
  const hooks = new Set<Hook>();
  let isDown = false;
  const whenever: Faults['whenever'] = (look, fault) => {
    const entry = { look, fault };
    standing.add(entry);
    return () => void standing.delete(entry);
  };
  return {
    whenever,
    get isDown() {
      return isDown;
    },
    next: (operation, fault, times = 1) => void queued.push({ operation, fault, left: times }),
    watch(hook) {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    down: () => {
      isDown = true;
    },
    up: () => {
      isDown = false;
    },
    unknownFields: () => whenever(() => true, { kind: 'rewrite', rewrite: withUnknownFields }),
    clear() {
      queued.length = 0;
      standing.clear();
      hooks.clear();
      isDown = false;
    },
    of(call) {
      const first = queued.find(({ operation, left }) => left > 0 && ['*', call.operation].includes(operation));
      if (first) first.left -= 1;
      return [...(first ? [first.fault] : []), ...[...standing].filter(({ look }) => look(call)).map((s) => s.fault)];
    },
    async ask(call, stage) {
      for (const hook of [...hooks]) {
        const answer = await hook(call, stage);
        if (answer === 'drop' || answer === 'silent') return answer;
      }
      return 'go on';
    },
  };
}

function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, withUnknownFields(field)]);
  return { ...Object.fromEntries(entries), addedLaterByTheVendor: { since: '0.9.999', list: [1, null, true] } };
}
