import { z } from 'zod';
import type { OperationView } from '../records/operation.ts';
import type { Request } from '../records/request.ts';

/** A word that may be said about a message: a button where there are buttons, a line to type where there are none. */
export const action = z.object({
  word: z.string(),
  /** What the word is given: its places in the order they are written, then options that are `true`. Ids, never texts. */
  given: z.record(z.string(), z.json()),
  /** A verb first, at most 30 characters. */
  label: z.string(),
  style: z.enum(['primary', 'danger']).optional(),
  /** Asked before it is said, where the chat can ask. */
  confirm: z.string().optional(),
  /** The person is asked for this too; the word takes it by that name. */
  ask: z.literal('reason').optional(),
});
export type Action = z.infer<typeof action>;

/** Work of people that ends with a stop. `what`: `2 sessions, 1 job`. */
export interface Affected {
  /** As the platform knows them; absent when it does not. */
  readonly owner?: string;
  readonly what: string;
}

/** One thing to say, in neutral form. `text` carries every essential on its own; `details` is for those who look closer. */
export interface Message {
  /** The same key replaces the message before it where the chat can edit. */
  readonly key: string;
  readonly workspace: string;
  readonly operationId?: string;
  /** The backup that was made, restored or looked at, for chats that can link to it. */
  readonly backupId?: string;
  readonly tone: 'info' | 'good' | 'warning' | 'bad';
  readonly text: string;
  readonly details?: readonly string[];
  /** Whose work ends with it: they are told directly, where the chat can. */
  readonly affects?: readonly Affected[];
  /** What can be done about it, the likeliest first. */
  readonly actions?: readonly Action[];
}

/**
 * Where people are told and asked. Rejects with `PortError` `chat-unavailable` (retryable); whoever calls decides whether
 * that matters: once services are stopped it never does.
 */
export interface Chat {
  /** One sentence on what this chat cannot do for people, for `cml check`; absent when it reaches and wakes them. */
  readonly weakness?: string | undefined;
  /** What is wrong with the way to people just now, in one sentence, for `cml check` and `cml status`. */
  readonly trouble?: string | undefined;
  /** Where people hear of a workspace: those with the same place share it. Absent: all do. */
  placeOf?(workspace: string): string;
  /** Says it before anyone is disturbed; answers how many were reached, as far as the chat can know. */
  announce(message: Message): Promise<{ readonly reached: number }>;
  /** Says it, replacing an earlier message with the same key where possible. */
  post(message: Message): Promise<void>;
  /** Redraws an operation's live picture. May drop frames, never the one of an ended operation. Never rejects. */
  show(view: OperationView): void;
  /** Draws or redraws a request: the message is only a view of the record. */
  showRequest(request: Request, message: Message): Promise<void>;
  /** Calls a human now, by the loudest means there is. */
  page(message: Message): Promise<void>;
}
