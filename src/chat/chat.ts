import type { OperationView } from '../records/operation.ts';
import type { Request } from '../records/request.ts';

/** One thing to say, in neutral form. `text` carries every essential on its own; `details` is for those who look closer. */
export interface Message {
  /** The same key replaces the message before it where the chat can edit. */
  readonly key: string;
  readonly workspace: string;
  readonly operationId?: string;
  readonly tone: 'info' | 'good' | 'warning' | 'bad';
  readonly text: string;
  readonly details?: readonly string[];
}

/**
 * Where people are told and asked. Rejects with `PortError` `chat-unavailable` (retryable); whoever calls decides whether
 * that matters: once services are stopped it never does.
 */
export interface Chat {
  /** One sentence on what this chat cannot do for people, for `cml check`; absent when it reaches and wakes them. */
  readonly weakness?: string;
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
