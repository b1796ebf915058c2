import type { z } from 'zod';
import type { Message } from '../chat/chat.ts';
import type { Operation, OperationKind, Progress } from '../records/operation.ts';

/** How the runner treats one step. Times in milliseconds. */
export interface StepPolicy {
  /** Shape of the result; it is written to the journal, so it is small JSON, and checked when read back. */
  readonly result: z.ZodType;
  /** One step, all tries together. Absent: only the operation's own time-out counts. */
  readonly timeoutMs?: number;
  /** Tries after the first, for errors that say they are retryable. */
  readonly retries?: number;
  /** From here on the operation cannot be cancelled and does not time out. */
  readonly final?: boolean;
  /** After a restart this step is done again, not answered from the record, as long as the named step has not begun. */
  readonly againUntil?: string;
}

/** How the runner treats one ensured effect. Every try has its own time-out; it is tried again whatever went wrong. */
export interface EnsurePolicy {
  readonly result: z.ZodType;
  readonly timeoutMs: number;
  readonly retries: number;
  /** When it cannot be done at all: `page` calls a human and fails the operation, `warn` says so and goes on. */
  readonly otherwise: 'page' | 'warn';
  /** It removes what steps made: only when the journal says why, or a later life would go on with what is gone. */
  readonly removes?: boolean;
}

/** What a story declares about itself: the names its journal is keyed by. Renaming one is a migration. */
export interface StoryDeclaration<
  Steps extends Record<string, StepPolicy> = Record<string, StepPolicy>,
  Ensures extends Record<string, EnsurePolicy> = Record<string, EnsurePolicy>,
> {
  readonly kind: OperationKind;
  readonly steps: Steps;
  readonly ensures: Ensures;
  /** Names of steps and ensured effects in the order in which people see them. */
  readonly shown: readonly string[];
  /**
   * Absent for stories that never stop services. A crash after `from` began and before one of `until` was done is unwound,
   * never resumed; `stop` starts the downtime. Where the platform stops and starts services by itself, `isFollowed` says so:
   * then such a crash is resumed, and what was begun is followed to its end.
   */
  readonly stopsServices?: {
    readonly from: string;
    readonly stop: string;
    readonly until: readonly string[];
    readonly isFollowed?: (operation: Operation) => boolean;
  };
  /** The sentence posted when an operation of this kind has ended, well or not. */
  readonly ended: (operation: Operation) => Message;
}

/** What the work inside a step may use. */
export interface StepContext {
  readonly signal: AbortSignal;
  /** An earlier life began this and left an unknown part of it done. */
  readonly isBegunBefore: boolean;
  now(): Date;
  sleep(ms: number): Promise<void>;
  progress(progress: Progress): void;
  /** When people were last told that services stop (an announcement or a postponement); undefined before the first. */
  stopsAt(): Date | undefined;
  /** Ends the countdown, unless someone has moved the moment meanwhile: then it answers false. */
  countedDown(): Promise<boolean>;
  /** Writes into the journal that people were told. */
  announced(stopsAt: Date): Promise<void>;
}

export interface StepOptions {
  /** The step is aborted at this moment with the given error, whatever its policy says. */
  readonly until?: { readonly at: Date; readonly because: () => Error };
}

type ResultOf<Policy extends { result: z.ZodType }> = z.infer<Policy['result']>;

/**
 * What a story receives. `step`: done once, its result recorded, answered from the record after a restart. `ensure`: done
 * even while unwinding, even when the journal cannot be written.
 */
export interface Story<Declaration extends StoryDeclaration> {
  readonly operation: Pick<
    Operation,
    'id' | 'workspace' | 'by' | 'trigger' | 'reason' | 'scheduled' | 'startedAt' | 'settings'
  >;
  /** Folder for the operation's own files. */
  readonly folder: string;
  step<Name extends keyof Declaration['steps'] & string>(
    name: Name,
    work: (context: StepContext) => Promise<ResultOf<Declaration['steps'][Name]>>,
    options?: StepOptions,
  ): Promise<ResultOf<Declaration['steps'][Name]>>;
  /** Answers undefined when it could not be done and the policy says `warn`. */
  ensure<Name extends keyof Declaration['ensures'] & string>(
    name: Name,
    work: (context: StepContext) => Promise<ResultOf<Declaration['ensures'][Name]>>,
  ): Promise<ResultOf<Declaration['ensures'][Name]> | undefined>;
}

/** Keeps the literal names of a declaration. */
export function defineStory<
  const Steps extends Record<string, StepPolicy>,
  const Ensures extends Record<string, EnsurePolicy>,
>(declaration: StoryDeclaration<Steps, Ensures>): StoryDeclaration<Steps, Ensures> {
  return declaration;
}
