import { type Activity, HOURS_OF_WEEK } from '../records/activity.ts';
import { FIRST_MONDAY_MS, HOUR_MS, samplesOf } from './workload-samples.ts';
import { wallOf } from './zone.ts';

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** One hour of the week: how many workloads ran in it on average, over so many weeks. */
export interface HeatCell {
  readonly mean: number;
  readonly samples: number;
}

/** What people run in a usual week. */
export interface HeatMap {
  readonly zone: string;
  /** The 168 hours of a week on the clocks of the zone, Monday 00:00 first; `samples` is 0 where nobody looked. */
  readonly cells: readonly HeatCell[];
  /** How many hours were looked at in all. */
  readonly samples: number;
  /** The first and the last of them. */
  readonly from?: Date;
  readonly until?: Date;
}

/** Puts what was looked at where the clocks of a zone stood. Where clocks are turned back, two hours count for one cell. */
export function createHeatMap(activity: Activity, zone: string): HeatMap {
  const samples = samplesOf(activity);
  const sums = Array.from({ length: HOURS_OF_WEEK }, () => ({ sum: 0, samples: 0 }));
  for (const { at, workloads } of samples) {
    const hour = Math.floor((wallOf(zone, at.getTime()) - FIRST_MONDAY_MS) / HOUR_MS);
    const cell = sums[((hour % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK];
    if (!cell) continue;
    cell.sum += workloads;
    cell.samples += 1;
  }
  const cells = sums.map(({ sum, samples }) => ({ mean: samples === 0 ? 0 : sum / samples, samples }));
  const [first, last] = [samples[0], samples.at(-1)];
  return { zone, cells, samples: samples.length, ...(first && last ? { from: first.at, until: last.at } : {}) };
}

/** The busiest hour's average. */
export function busiestOf({ cells }: HeatMap): number {
  return Math.max(0, ...cells.map(({ mean }) => mean));
}
