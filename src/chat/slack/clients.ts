import { type Logger, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api';
import { z } from 'zod';
import type { Log } from '../../log.ts';
import { noteAnswer, type SlackHealth } from './health.ts';

/**
 * One client for each kind of patience: a 429 pauses everything that a client has yet to send, whatever the method, so
 * that a stream of edits must never hold up an answer to a click.
 */
export interface SlackClients {
  /** Answers to people who look at the screen: fails at once rather than late. */
  readonly interactive: WebClient;
  /** Pictures of what runs: one that cannot be sent now is worth nothing. */
  readonly progress: WebClient;
  /**
   * What has to be said. The outbox tries again, for as long as it takes: a client that does so by itself says a post twice
   * whose answer was lost.
   */
  readonly notify: WebClient;
}

export interface SlackClientOptions {
  readonly botToken: string;
  readonly apiUrl: string;
  readonly log: Log;
  readonly health: SlackHealth;
}

/** Retries are always said: in Socket Mode Bolt changes the defaults of clients that share its options. */
const PATIENCE = {
  interactive: { timeout: 5_000, rejectRateLimitedCalls: true, retryConfig: { retries: 1, minTimeout: 200 } },
  progress: { timeout: 10_000, rejectRateLimitedCalls: true, retryConfig: { retries: 0 } },
  notify: { timeout: 15_000, rejectRateLimitedCalls: true, retryConfig: { retries: 0 } },
} satisfies Record<keyof SlackClients, WebClientOptions>;

export function createSlackClients({ botToken, apiUrl, log, health }: SlackClientOptions): SlackClients {
  const create = (options: WebClientOptions) =>
    new WebClient(botToken, {
      slackApiUrl: apiUrl,
      allowAbsoluteUrls: false,
      logger: createSlackLogger(log),
      fetch: watchedFetch(health),
      ...options,
    });
  return {
    interactive: create(PATIENCE.interactive),
    progress: create(PATIENCE.progress),
    notify: create(PATIENCE.notify),
  };
}

/** Every answer of Slack tells something of the health: revoked tokens and missing scopes are seen at the first of them. */
export function watchedFetch(health: SlackHealth): NonNullable<WebClientOptions['fetch']> {
  return async (url, init) => {
    const response = await fetch(url, init);
    const method = new URL(url).pathname.split('/').at(-1) ?? '';
    if (response.status !== 200) return response;
    const text = await response.text();
    const read = answerShape.safeParse(parseJson(text)).data;
    if (read) noteAnswer(health, method, read);
    return new Response(text, { status: response.status, headers: response.headers });
  };
}

const answerShape = z.looseObject({ ok: z.boolean(), error: z.string().optional(), needed: z.string().optional() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the client says what it makes of it
  }
}

const SECRETS = /(https:\/\/hooks\.slack[^\s"']+|xox[a-z]-[\w-]+|xapp-[\w-]+|"?trigger_id"?[:=]\s*"?[\w.]+)/g;

function write(words: readonly unknown[]): string {
  return words
    .map((word) => (word instanceof Error ? word.message : String(word)))
    .join(' ')
    .replace(SECRETS, '***');
}

/** What Slack's libraries say goes to our log; their details are left out, since they hold what people wrote. */
export function createSlackLogger(log: Log): Logger {
  return {
    debug: () => undefined,
    info: (...words) => log.debug({ said: write(words) }, 'from the Slack library'),
    warn: (...words) => log.warn({ said: write(words) }, 'from the Slack library'),
    error: (...words) => log.warn({ said: write(words) }, 'from the Slack library'),
    getLevel: () => LogLevel.INFO,
    setLevel: () => undefined,
    setName: () => undefined,
  };
}
