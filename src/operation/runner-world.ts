import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { RetryDelays } from './retry.ts';

/** What the runner needs of the world; everything else belongs to the story. */
export interface RunnerWorld {
  readonly clock: Clock;
  readonly operations: Catalog['operations'];
  readonly chat: Chat;
  readonly log: Log;
  readonly delays: RetryDelays;
  /** The operation's own folder. */
  readonly folder: string;
}
