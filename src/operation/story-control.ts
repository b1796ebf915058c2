import type { JournalEvent, Progress } from '../records/operation.ts';

/** What the runner and the story share about one life of an operation. */
export interface StoryControl {
  readonly mode: 'run' | 'resume' | 'unwind';
  /** Aborted by cancel, by the operation's time-out, or because the process must end. */
  readonly abort: AbortController;
  /** The journal as earlier lives left it. */
  readonly past: readonly JournalEvent[];
  /** True once the operation can only go forward. */
  isFinal(): boolean;
  changed(progress?: Progress): void;
  /** The process is about to end: services that are up stay up, and the next life goes on from here. */
  isHeld(): boolean;
  /** Something could not be removed yet: a later life has to, so this one may not write the end. */
  leaveOpen(): void;
}
