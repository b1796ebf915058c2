import type { Hono } from 'hono';
import type { Command } from '../chat/command.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { OperationView } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { LoginNotes } from './auth/login-notes.ts';
import type { SeenChanges } from './seen-changes.ts';
import type { WebSettings } from './settings.ts';
import type { Visitors, WebEnv } from './visitor.ts';

/** One of the words that people say in every chat. */
export type Word = Command<{ readonly orchestrator: Orchestrator; readonly person: Person }>;

/** Everything the page is given by `main`. */
export interface WebWorld {
  readonly settings: WebSettings;
  readonly orchestrator: Orchestrator;
  /** What programs may say, in the same words as people. */
  readonly words: readonly Word[];
  readonly visitors: Visitors;
  /** Where people log in and out; before it nobody is known. */
  readonly entrance?: Hono<WebEnv>;
  /** Where it is written down that somebody was turned away. */
  readonly notes?: LoginNotes;
  /** An operation from how it stands now to its end; ends soon after `signal` is aborted. */
  follow(operationId: string, signal: AbortSignal): AsyncIterable<OperationView>;
  readonly seen: SeenChanges;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of an error that nobody expected, after it was answered. */
  onBug(error: unknown): void;
  /** Aborted when the server closes: every watcher is let go. */
  readonly closing: AbortSignal;
}
