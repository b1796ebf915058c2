import { createHash } from 'node:crypto';

/**
 * How long after its slot a schedule begins, so that a fleet does not begin in one minute: the same for each look at
 * the same slot, whole minutes below the most that is allowed.
 */
export function jitterOf(scheduleId: string, slotAt: Date, maxMs: number): number {
  const minutes = Math.floor(maxMs / 60_000);
  if (minutes < 1) return 0;
  const digest = createHash('sha256').update(`${scheduleId} ${slotAt.toISOString()}`).digest();
  return (digest.readUInt32BE(0) % (minutes + 1)) * 60_000;
}
