import { type ChaosWorld, UP_WITHIN_MS, writeSeconds } from './chaos-world.ts';

/** Nothing keeps services down longer while the server lives: the budget of the workspace, and starting them. */
const OWN_DOWN_MS = 25_000;

/**
 * Seen from outside: services that were down when the server started again, or that an unwinding took down, are up ten
 * seconds after the start. A down that began later in a life that goes on is that operation's own.
 */
export function judgeDowns(
  { watch, server }: ChaosWorld,
  beganAt: number,
  isUnwound: boolean,
): { problems: string[]; recoveryMs: number | undefined } {
  const problems: string[] = [];
  let recoveryMs: number | undefined;
  const lastStart = server.starts.at(-1) ?? 0;
  for (const { downAt, upAt = Date.now() } of watch.downsSince(beganAt)) {
    const started = server.starts.findLast((at) => at <= upAt) ?? 0;
    const isRecovery = downAt < started || (isUnwound && started === lastStart);
    const since = isRecovery ? started : downAt;
    const lastedMs = upAt - since;
    if (isRecovery) recoveryMs = Math.max(recoveryMs ?? 0, lastedMs);
    if (lastedMs > (isRecovery ? UP_WITHIN_MS : OWN_DOWN_MS)) {
      const since = isRecovery ? 'after a restart' : 'of a living server';
      problems.push(`services were down for ${writeSeconds(lastedMs)} ${since}`);
    }
  }
  return { problems, recoveryMs };
}
