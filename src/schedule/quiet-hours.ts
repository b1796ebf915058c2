import { HOURS_OF_WEEK } from '../records/activity.ts';
import { busiestOf, DAYS, type HeatCell, type HeatMap } from './heat-map.ts';
import { HOUR_MS } from './workload-samples.ts';

/** An hour seen less often may be quiet by accident. */
const SEEN_OFTEN = 3;
/** What differs by less than this share of the busiest hour counts as equally quiet: then the night decides. */
const ALIKE = 0.02;
/** What is still about as quiet, so that a run may begin or end there. */
const NEARLY = 0.05;
/** The middle of the night, for ties: as far as possible from both ends of a working day. */
const NIGHT_HOUR = 3;

/** Hours in a row on the clocks of the heat map's zone. */
export interface QuietWindow {
  /** 0 to 23 for a time of each day, 0 to 167 (Monday 00:00 first) for one of the week. */
  readonly startHour: number;
  readonly hours: number;
  /** Workloads that ran in it on average. */
  readonly mean: number;
}

export interface QuietHours {
  /** The same time every night. */
  readonly nightly: QuietWindow;
  /** Once a week: never busier. */
  readonly weekly: QuietWindow;
  /** Hours around the nightly ones that are about as quiet; absent when all of the day is. */
  readonly around?: QuietWindow;
}

/**
 * The quietest hours that something of this length fits in. Undefined when too few hours were looked at: each hour of the
 * day counts only when it was seen three times.
 */
export function findQuietHours(map: HeatMap, lengthMs: number): QuietHours | undefined {
  const hours = Math.min(24, Math.max(1, Math.ceil(lengthMs / HOUR_MS)));
  const busiest = busiestOf(map);
  const days = Array.from({ length: 24 }, (_, hour) => together(map.cells.filter((_, index) => index % 24 === hour)));
  if (days.some(({ samples }) => samples < SEEN_OFTEN)) return undefined;
  const nightly = quietest(days, hours, busiest * ALIKE);
  // A week of which some hours were never seen is told by its days.
  const whole = map.cells.map((cell, index) => (cell.samples > 0 ? cell : (days[index % 24] ?? cell)));
  const weekly = quietest(whole, hours, busiest * ALIKE);
  const around = widen(days, nightly, busiest * NEARLY);
  return { nightly, weekly, ...(around.hours < 24 ? { around } : {}) };
}

function together(cells: readonly HeatCell[]): HeatCell {
  const samples = cells.reduce((sum, cell) => sum + cell.samples, 0);
  const workloads = cells.reduce((sum, cell) => sum + cell.mean * cell.samples, 0);
  return { samples, mean: samples === 0 ? 0 : workloads / samples };
}

function quietest(cells: readonly HeatCell[], hours: number, tolerance: number): QuietWindow {
  const windows = cells.map((_, startHour) => {
    const within = Array.from({ length: hours }, (_, hour) => cells[(startHour + hour) % cells.length]?.mean ?? 0);
    return { startHour, hours, mean: within.reduce((sum, mean) => sum + mean, 0) / hours };
  });
  const least = Math.min(...windows.map(({ mean }) => mean));
  const alike = windows.filter(({ mean }) => mean <= least + tolerance);
  return alike.reduce((best, one) => (fromNight(one) < fromNight(best) ? one : best));
}

/** Hours between the middle of a window and the middle of a night. */
function fromNight({ startHour, hours }: QuietWindow): number {
  const apart = (((startHour + hours / 2 - NIGHT_HOUR) % 24) + 24) % 24;
  return Math.min(apart, 24 - apart);
}

function widen(days: readonly HeatCell[], { startHour, hours, mean }: QuietWindow, tolerance: number): QuietWindow {
  const isQuiet = (hour: number) => (days[((hour % 24) + 24) % 24]?.mean ?? 0) <= mean + tolerance;
  let [start, length] = [startHour, hours];
  while (length < 24 && isQuiet(start - 1)) [start, length] = [start - 1, length + 1];
  while (length < 24 && isQuiet(start + length)) length += 1;
  return { startHour: (start + 24) % 24, hours: length, mean };
}

/** `22:00-05:00`: as a schedule's `window` is written. */
export function writeHours({ startHour, hours }: QuietWindow): string {
  return `${clock(startHour)}-${clock(startHour + hours)}`;
}

/** `Sunday 03:00`: the beginning of a window of the week. */
export function writeWeekHour({ startHour }: QuietWindow): string {
  return `${DAYS[Math.floor((startHour % HOURS_OF_WEEK) / 24)]} ${clock(startHour)}`;
}

/** `nightly at 02:00`: as a schedule's `when` is written. */
export function writeNightly({ startHour }: QuietWindow): string {
  return `nightly at ${clock(startHour)}`;
}

function clock(hour: number): string {
  return `${String(hour % 24).padStart(2, '0')}:00`;
}
