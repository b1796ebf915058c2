import { ErrorCode, type WebAPICallError } from '@slack/web-api';
import { PortError } from '../../errors.ts';

/** What a failed call means for the message that it was about. */
export type Trouble =
  /** Nothing was done; again after so many milliseconds. */
  | { readonly kind: 'later'; readonly afterMs: number }
  /** The answer is lost: it may have been done. */
  | { readonly kind: 'unknown' }
  /** The message stands there no more, or may not be edited any more: only a new one helps. */
  | { readonly kind: 'gone' }
  /** Our picture is not taken: a plainer one may be. */
  | { readonly kind: 'picture' }
  /** Slack will not take it, now or later, until somebody changes something there. */
  | { readonly kind: 'refused'; readonly word: string };

const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found']);
const PICTURE = new Set(['invalid_blocks', 'block_mismatch', 'msg_blocks_too_long', 'invalid_blocks_format']);
/** Slack says these of itself, not of us. Source: docs.slack.dev/reference/methods/chat.postMessage, errors. */
const ITS_OWN = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
const RATE_WORD = new Set(['ratelimited', 'rate_limited']);

const SHORT_WAIT_MS = 5_000;

export function troubleOf(error: unknown): Trouble {
  const known = error as Partial<WebAPICallError> & { retryAfter?: number; data?: { error?: string } };
  if (known.code === ErrorCode.RateLimitedError) return { kind: 'later', afterMs: (known.retryAfter ?? 1) * 1_000 };
  const word = known.code === ErrorCode.PlatformError ? (known.data?.error ?? '') : undefined;
  if (word === undefined || ITS_OWN.has(word)) return { kind: 'unknown' };
  if (RATE_WORD.has(word)) return { kind: 'later', afterMs: SHORT_WAIT_MS };
  if (GONE.has(word)) return { kind: 'gone' };
  if (PICTURE.has(word)) return { kind: 'picture' };
  return { kind: 'refused', word };
}

const CALL_FAILED: ReadonlySet<unknown> = new Set(Object.values(ErrorCode));

/** A call that Slack refused or did not answer, whatever it was for. */
export function isFailedCall(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CALL_FAILED.has(error.code);
}

const HINTS: Readonly<Record<string, string>> = {
  not_in_channel: 'Invite the app into the channel: /invite @cml',
  channel_not_found: 'Look at the channel ids under "slack" in cml.yaml; a private channel has to invite the app.',
  is_archived: 'Take the channel out of the archive, or name another one under "slack" in cml.yaml.',
};

/** @param word how Slack refused it; absent: there was no answer */
export function notSaid(key: string, word: string | undefined, cause?: unknown): PortError {
  const why = word === undefined ? 'Slack cannot be reached' : `Slack refused it (${word})`;
  return new PortError('chat-unavailable', `${why}: the message ${key} was not said; it is tried again.`, {
    cause,
    retryable: word === undefined,
    hint: (word === undefined ? undefined : HINTS[word]) ?? 'Look at it with: cml slack check',
  });
}
