import type { Activity } from '../../src/records/activity.ts';
import { noteSample } from '../../src/schedule/workload-samples.ts';

export const HOUR = 3_600_000;
/** A Monday, before clocks change anywhere that is used here. */
export const MONDAY = Date.parse('2026-02-02T00:00:00Z');
export const NOTHING: Activity = { schema: 1, id: 'team-ml', weeks: [] };

/** Weeks in which so many workloads run by the hour of the week in UTC. */
export function weeksOf(weeks: number, workloads: (day: number, hour: number) => number | undefined): Activity {
  let activity = NOTHING;
  for (let hour = 0; hour < weeks * 168; hour += 1) {
    const count = workloads(Math.floor(hour / 24) % 7, hour % 24);
    if (count !== undefined) activity = noteSample(activity, new Date(MONDAY + hour * HOUR), count);
  }
  return activity;
}

/** People work from 8 to 19, and train models until midnight on weekdays. */
export const working = (day: number, hour: number) => (day >= 5 ? 1 : hour >= 8 && hour < 19 ? 20 : hour >= 19 ? 6 : 0);
