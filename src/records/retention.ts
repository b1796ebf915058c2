import { z } from 'zod';
import { duration } from './time.ts';

/** The rules that are numbers of backups. */
export const retentionCounts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

const count = z.number().int().min(1, 'a rule of 0 keeps nothing: leave it out');

const timeZone = z.string().refine(isTimeZone, {
  error: ({ input }) => `"${String(input)}" is no time zone: write one such as Europe/Berlin or UTC`,
});

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // it throws for every name that it does not know
  }
}

/**
 * What is kept of a workspace's backups; absent, everything is. A backup that no rule keeps may be removed. Hours, days and
 * so on are those of the zone's clocks.
 */
export const retentionRules = z
  .strictObject({
    last: count.optional(),
    hourly: count.optional(),
    daily: count.optional(),
    weekly: count.optional(),
    monthly: count.optional(),
    yearly: count.optional(),
    /** All whose cut is not longer before the newest one, in milliseconds. */
    within: duration.refine((ms) => ms > 0, 'a length of 0 keeps nothing: leave it out').optional(),
    zone: timeZone.default('UTC'),
  })
  .refine(({ zone: _zone, ...rules }) => Object.values(rules).some((rule) => rule !== undefined), {
    error: 'no rule is named, so nothing would be kept: name one such as daily: 14, or leave retention out to keep all',
  });
export type RetentionRules = z.infer<typeof retentionRules>;
