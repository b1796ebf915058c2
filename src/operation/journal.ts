import type { Catalog } from '../catalog/catalog.ts';
import { AppError, explain } from '../errors.ts';
import type { JournalEvent, Operation, RecordedError } from '../records/operation.ts';

/** What earlier lives recorded of one step or ensured effect. */
export type Recorded = { readonly result: unknown } | { readonly error: RecordedError };

export interface Journal {
  readonly operation: () => Operation;
  /**
   * Resolves when the event would survive a power cut; when it rejects, the event is not part of the journal. `allow`
   * looks at the operation with nothing else in between, and throws to refuse.
   */
  append(event: JournalEvent, allow?: (now: Operation) => void): Promise<void>;
  /** Tries to; an event that could not be written stays in memory and goes out with the next write. Never rejects. */
  appendIfPossible(event: JournalEvent): Promise<boolean>;
  /** True while events stand in memory only. */
  isBehind(): boolean;
  /** Writes what stands in memory only. */
  catchUp(): Promise<void>;
  /** Replaces fields of the operation to end it, and writes it. */
  end(change: Partial<Operation>): Promise<void>;
  /** Replaces fields in memory only, when nothing can be written any more. */
  assume(change: Partial<Operation>): void;
}

/** One writer a record: appends are queued, so that cancel and postpone may come in at any moment. */
export function createJournal(given: Operation, operations: Catalog['operations']): Journal {
  let current = given;
  let queue: Promise<unknown> = Promise.resolve();
  let isBehind = false;

  function enqueue(change: (now: Operation) => Operation, keep: boolean, toEnd = keep): Promise<void> {
    const write = queue.then(async () => {
      const next = change(current);
      if (keep) {
        current = next;
        isBehind = true;
      }
      await operations.save(next, { toEnd });
      current = next;
      isBehind = false;
    });
    queue = write.catch(() => undefined); // the caller hears of it; the next write must not
    return write;
  }
  const added = (event: JournalEvent) => (now: Operation) => ({ ...now, journal: [...now.journal, event] });

  return {
    operation: () => current,
    append: (event, allow) =>
      enqueue((now) => {
        allow?.(now);
        return added(event)(now);
      }, false),
    isBehind: () => isBehind,
    catchUp: async () => (isBehind ? enqueue((now) => now, false, true) : undefined),
    end: (change) => enqueue((now) => ({ ...now, ...change }), false, true),
    assume(change) {
      current = { ...current, ...change };
    },
    async appendIfPossible(event) {
      try {
        await enqueue(added(event), true);
        return true;
      } catch (error) {
        if (error instanceof AppError) return false;
        throw error;
      }
    },
  };
}

export function recordError(error: unknown): RecordedError {
  const recorded = { code: error instanceof AppError ? error.code : 'bug', message: explain(error) };
  return error instanceof AppError && error.hint !== undefined ? { ...recorded, hint: error.hint } : recorded;
}

/** What is recorded under each name; the latest event wins. */
export function readSteps(events: readonly JournalEvent[]): Map<string, Recorded> {
  const steps = new Map<string, Recorded>();
  for (const event of events) {
    if (event.type === 'step-done') steps.set(event.step, { result: event.result });
    if (event.type === 'step-failed') steps.set(event.step, { error: event.error });
  }
  return steps;
}

export function readEnsures(events: readonly JournalEvent[]): Map<string, { readonly result: unknown }> {
  const ensures = new Map<string, { readonly result: unknown }>();
  for (const event of events) if (event.type === 'ensured') ensures.set(event.step, { result: event.result });
  return ensures;
}

export function hasBegun(events: readonly JournalEvent[], step: string): boolean {
  return events.some((event) => event.type === 'step-began' && event.step === step);
}

export function isDone(events: readonly JournalEvent[], step: string): boolean {
  return events.some((event) => (event.type === 'step-done' || event.type === 'ensured') && event.step === step);
}

/** True while people may still move the moment at which services stop. */
export function isCountingDown(events: readonly JournalEvent[]): boolean {
  const last = events.findLast(({ type }) => type === 'announced' || type === 'counted-down');
  return last?.type === 'announced';
}

/** When services are to be stopped, as people were last told. */
export function announcedStop(events: readonly JournalEvent[]): Date | undefined {
  const told = events.findLast((event) => event.type === 'announced' || event.type === 'postponed');
  return told ? new Date(told.stopsAt) : undefined;
}
