import { type Activity, HOURS_OF_WEEK } from '../records/activity.ts';

export const HOUR_MS = 3_600_000;
const WEEK_MS = HOURS_OF_WEEK * HOUR_MS;
/** 5 January 1970 was the first Monday. */
export const FIRST_MONDAY_MS = 4 * 24 * HOUR_MS;
/** Long enough for a quiet hour to be no accident, short enough to follow how people work now. */
const KEPT_WEEKS = 8;

export interface WorkloadSample {
  /** The beginning of the hour that was looked at. */
  readonly at: Date;
  readonly workloads: number;
}

/**
 * With how many workloads ran in an hour. Of two looks in one hour the larger counts, so that a look may be repeated. A week
 * that lies in the future was written by a wrong clock and goes, but for the next one: that clock may be this one.
 */
export function noteSample(activity: Activity, at: Date, workloads: number): Activity {
  const sinceFirst = at.getTime() - FIRST_MONDAY_MS;
  const week = Math.floor(sinceFirst / WEEK_MS);
  const hour = Math.floor((sinceFirst - week * WEEK_MS) / HOUR_MS);
  const [monday, nextMonday] = [mondayOf(week), mondayOf(week + 1)];
  const hours = activity.weeks.find((one) => one.monday === monday)?.hours ?? Array(HOURS_OF_WEEK).fill(null);
  const noted = hours.map((before, index) => (index === hour ? Math.max(before ?? 0, workloads) : before));
  const weeks = [...activity.weeks.filter((one) => one.monday !== monday), { monday, hours: noted }]
    .filter((one) => one.monday <= nextMonday)
    .sort((a, b) => (a.monday < b.monday ? -1 : 1))
    .slice(-KEPT_WEEKS);
  return { ...activity, weeks };
}

/** Every hour that was looked at, oldest first. */
export function samplesOf({ weeks }: Activity): WorkloadSample[] {
  return weeks.flatMap(({ monday, hours }) =>
    hours.flatMap((workloads, hour) =>
      workloads === null ? [] : [{ at: new Date(Date.parse(monday) + hour * HOUR_MS), workloads }],
    ),
  );
}

function mondayOf(week: number): string {
  return new Date(FIRST_MONDAY_MS + week * WEEK_MS).toISOString().slice(0, 10);
}
