/** Longer than Slack's window for signatures (5 minutes on either side) and its quick second tries. */
const KEPT_MS = 15 * 60_000;
const MOST = 20_000;

/**
 * Remembers what was delivered: a reconnect, a second try of Slack's or a replayed request never says a word twice. Kept in
 * memory; what was signed before this process began is refused by its time instead.
 */
export interface Deliveries {
  /** True the first time. */
  isNew(key: string): boolean;
}

export function createDeliveries(now: () => number): Deliveries {
  const seen = new Map<string, number>();
  return {
    isNew(key) {
      const at = now();
      for (const [old, when] of seen) {
        if (at - when < KEPT_MS && seen.size <= MOST) break; // oldest first
        seen.delete(old);
      }
      if (seen.has(key)) return false;
      seen.set(key, at);
      return true;
    },
  };
}
