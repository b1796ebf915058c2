import type { Method } from './methods/method.ts';
import { SlackRefused } from './refused.ts';

export interface Tokens {
  readonly bot: string;
  readonly app: string;
  /** Refuses with Slack's word. */
  check(given: string | undefined, method: Method): void;
  /** From now on every call is refused: `token_revoked`, `account_inactive`, `invalid_auth` ... */
  end(which: 'bot' | 'app', word: string): void;
}

export function createTokens(): Tokens {
  const ended = new Map<string, string>();
  const [bot, app] = ['xoxb-double-bot', 'xapp-double-app'];
  return {
    bot,
    app,
    check: (given, method) => {
      if (!given) throw new SlackRefused('not_authed');
      if (given !== bot && given !== app) throw new SlackRefused('invalid_auth');
      const word = ended.get(given);
      if (word) throw new SlackRefused(word);
      const wanted = method.token ?? 'bot';
      if (wanted !== 'any' && given !== (wanted === 'app' ? app : bot))
        throw new SlackRefused('not_allowed_token_type');
    },
    end: (which, word) => {
      ended.set(which === 'bot' ? bot : app, word);
    },
  };
}
