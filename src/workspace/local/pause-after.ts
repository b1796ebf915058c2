const SHORTEST_MS = 10;
const LONGEST_MS = 50;

/**
 * How long to wait for the next look at a service, in milliseconds. While it stops or starts people wait: a quick one is
 * noticed at once, a slow one is looked at less often the longer it takes.
 */
export function pauseAfter(waitedMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, waitedMs / 8));
}
