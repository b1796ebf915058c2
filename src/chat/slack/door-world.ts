import type { WebClient } from '@slack/web-api';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Answer } from '../answer.ts';
import type { Command } from '../command.ts';
import type { HomeFacts } from './home.ts';
import type { Replies } from './reply.ts';
import type { SlackCaller, SlackSettings } from './settings.ts';

/** One value that a form offers. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What the door of Slack is handed by those who know the rest. */
export interface SlackDoorOptions {
  /** Asked for anew each time: an edit of cml.yaml counts at once, but for how Slack is reached. */
  readonly settings: () => SlackSettings;
  /** The words that may be said here. */
  readonly words: readonly Command[];
  /** Throws an `AppError` where this word is not for them, before anything is asked of them that would be in vain. */
  readonly admit: (caller: SlackCaller, word: string) => Promise<void>;
  /** Carries out one word. Throws an `AppError` to refuse it. */
  readonly say: (caller: SlackCaller, word: string, given: unknown) => Promise<Answer>;
  /** Values for a field of a word's form, such as `workspace` or `backup`; none where anything may be written. */
  readonly choices: (
    caller: SlackCaller,
    field: { readonly word: string; readonly key: string },
  ) => Promise<readonly Choice[]>;
  /** What a person sees on the app's home. @throws AppError for somebody who is not known. */
  readonly look: (caller: SlackCaller) => Promise<HomeFacts>;
  /** Told that this account or user group is not what it was: what is remembered of it is worth nothing. */
  readonly onChanged: (id: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of an error that nobody expected, after it was answered: the place to end the process. */
  readonly onBug: (error: unknown) => void;
}

/** The same for those inside of the door. */
export interface DoorWorld extends SlackDoorOptions {
  readonly client: WebClient;
  readonly replies: Replies;
}
