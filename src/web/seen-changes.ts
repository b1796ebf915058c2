import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';

/** How much was changed when a page was drawn, in a word that the page brings back when it begins to listen. */
export interface SeenChanges {
  now(): string;
  /** Until there is another word. @throws AbortError when `signal` is aborted. */
  change(signal: AbortSignal): Promise<unknown>;
}

/**
 * Counts for the life of a server; the word of another life never fits. What changed between the drawing of a page and its
 * listening, or while it was cut off, is so told all the same.
 */
export function countChanges(
  changes: (signal: AbortSignal) => AsyncIterable<void>,
  closing: AbortSignal,
  onBug: (error: unknown) => void,
): SeenChanges {
  const life = randomBytes(6).toString('base64url');
  const watchers = new EventEmitter().setMaxListeners(0);
  let count = 0;
  const follow = async () => {
    for await (const _ of changes(closing)) {
      count += 1;
      watchers.emit('change');
    }
  };
  follow().catch((error: unknown) => {
    if (!closing.aborted) onBug(error);
  });
  return { now: () => `${life}.${count}`, change: (signal) => once(watchers, 'change', { signal }) };
}
