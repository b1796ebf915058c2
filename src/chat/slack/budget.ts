/**
 * Edits that all live messages together may make. Slack lets an app edit 50 times a minute in one workspace (tier 3) and
 * advises one edit of a message in three seconds; some are left for what has to be said.
 * Sources: docs.slack.dev/apis/web-api/rate-limits; docs.slack.dev/ai/agents, best practices.
 */
const PER_MINUTE = 36;
const AT_ONCE = 8;
const MESSAGE_MS = 3_000;
const SHARE_MS = 1_500;

export interface Budget {
  /** Milliseconds until this message may be edited; 0: now. */
  waitFor(key: string): number;
  /** It was edited. */
  spend(key: string): void;
  /** Another message was edited, which did not ask: live ones wait the longer. */
  spendUnasked(): void;
  /** Slack asked for a pause. */
  pause(milliseconds: number): void;
  forget(key: string): void;
}

export function createBudget(now: () => number): Budget {
  const edited = new Map<string, number>();
  let tokens = AT_ONCE;
  let filledAt = now();
  let pausedUntil = 0;

  function fill(): void {
    const at = now();
    tokens = Math.min(AT_ONCE, tokens + ((at - filledAt) / 60_000) * PER_MINUTE);
    filledAt = at;
  }

  return {
    waitFor(key) {
      fill();
      const at = now();
      const last = edited.get(key);
      const own = last === undefined ? 0 : last + Math.max(MESSAGE_MS, edited.size * SHARE_MS) - at;
      const shared = tokens >= 1 ? 0 : ((1 - tokens) / PER_MINUTE) * 60_000;
      return Math.max(0, Math.ceil(own), Math.ceil(shared), pausedUntil - at);
    },
    spend(key) {
      fill();
      tokens -= 1;
      edited.set(key, now());
    },
    spendUnasked() {
      fill();
      tokens -= 1;
    },
    pause(milliseconds) {
      pausedUntil = Math.max(pausedUntil, now() + milliseconds);
    },
    forget: (key) => void edited.delete(key),
  };
}
