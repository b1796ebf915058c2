import type { Log } from '../../log.ts';

/** What may be wrong with the way to Slack; one sentence each at a time. */
export type HealthTopic = 'bot token' | 'app token' | 'scopes' | 'connection' | 'door';

/** What is wrong with Slack just now, for `cml check` and `cml status`; each change is one line in the log. */
export interface SlackHealth {
  /** Says what is wrong, or that nothing is any more. */
  note(topic: HealthTopic, sentence: string | undefined): void;
  problem(topic?: HealthTopic): string | undefined;
}

export function createSlackHealth(log: Log): SlackHealth {
  const problems = new Map<HealthTopic, string>();
  return {
    note(topic, sentence) {
      if (problems.get(topic) === sentence) return;
      if (sentence === undefined) {
        problems.delete(topic);
        log.info({ topic }, 'Slack is in order again');
      } else {
        problems.set(topic, sentence);
        log.warn({ topic }, sentence);
      }
    },
    problem(topic) {
      if (topic !== undefined) return problems.get(topic);
      return problems.size === 0 ? undefined : [...problems.values()].join(' ');
    },
  };
}

/** Words by which Slack refuses a token. Source: @slack/socket-mode 3.1 and docs.slack.dev/reference/methods/auth.test. */
const BAD_TOKEN = new Set([
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'user_removed_from_team',
  'team_disabled',
  'token_revoked',
  'token_expired',
  'no_permission',
  'not_allowed_token_type',
]);

export interface SlackAnswer {
  readonly ok: boolean;
  readonly error?: string | undefined;
  readonly needed?: string | undefined;
}

/** Looks at what Slack answers to any call, and keeps the health by it. */
export function noteAnswer(health: SlackHealth, method: string, { ok, error = '', needed = '' }: SlackAnswer): void {
  const topic = method.startsWith('apps.connections.') ? 'app token' : 'bot token';
  if (BAD_TOKEN.has(error)) {
    const name = topic === 'app token' ? 'SLACK_APP_TOKEN' : 'SLACK_BOT_TOKEN';
    health.note(
      topic,
      `Slack does not take the token in ${name} (${error}): install the app again and set the new one.`,
    );
  } else if (error === 'missing_scope') {
    health.note('scopes', `The Slack app lacks the scope ${needed} (for ${method}): add it and install the app again.`);
  } else if (ok) {
    health.note(topic, undefined);
    if (health.problem('scopes')?.includes(`(for ${method})`)) health.note('scopes', undefined);
  }
}
