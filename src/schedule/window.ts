import { z } from 'zod';
import { UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { weekdayOf } from './plain-words.ts';
import { DAY_MS, firstMoment, MINUTE_MS, wallOf } from './zone.ts';

/** `22:00-05:00` for every day, or for days of the week; a window belongs to the day that it opens on. */
export const windowText = z.union([z.string(), z.record(z.string(), z.string())]);
export type WindowText = z.infer<typeof windowText>;

interface Range {
  /** Minutes after midnight. */
  readonly from: number;
  /** Minutes after the same midnight: beyond 1440 on the next day. */
  readonly until: number;
}

/** What opens on each day of the week, Sunday first. */
export interface Window {
  readonly days: readonly (readonly Range[])[];
}

/** One that never closes is said to close this far ahead. */
const FURTHEST_DAYS = 8;

const GROUPS: readonly (readonly [name: RegExp, days: readonly number[]])[] = [
  [/^(daily|nightly|every ?day|every ?night)$/, [0, 1, 2, 3, 4, 5, 6]],
  [/^weekdays?$/, [1, 2, 3, 4, 5]],
  [/^weekends?$/, [0, 6]],
];

/** @throws UserError `bad-input`. */
export function readWindow(text: WindowText): Window {
  if (typeof text === 'string') return { days: Array.from({ length: 7 }, () => readRanges(text)) };
  const read = Object.entries(text).map(([name, ranges]) => ({ days: daysOf(name), ranges: readRanges(ranges) }));
  // The fewer days a name stands for, the more it says of them: monday wins over weekdays.
  const inOrder = read.sort((a, b) => b.days.length - a.days.length);
  const days = Array.from(
    { length: 7 },
    (_, day) => inOrder.findLast((entry) => entry.days.includes(day))?.ranges ?? [],
  );
  if (days.every((ranges) => ranges.length === 0)) throw mistake('The window never opens.', 'Such as 22:00-05:00.');
  return { days };
}

/** How long the window stays open each time that it opens, in milliseconds by the clock on the wall. */
export function lengthsOf({ days }: Window): number[] {
  return days.flat().map(({ from, until }) => (until - from) * MINUTE_MS);
}

export function isInWindow(window: Window, zone: string, at: Date): boolean {
  return windowEndsAt(window, zone, at) !== undefined;
}

/** When the window that is open at a moment closes, eight days ahead at most; undefined where it is not open. */
export function windowEndsAt(window: Window, zone: string, at: Date): Date | undefined {
  const today = Math.floor(wallOf(zone, at.getTime()) / DAY_MS) * DAY_MS;
  let end: number | undefined;
  // Where clocks go back over midnight, the window of the next date may be open already.
  for (let ahead = -1; ahead <= FURTHEST_DAYS; ahead += 1) {
    const before = end;
    for (const { opensAt, closesAt } of openingsOf(window, zone, today + ahead * DAY_MS)) {
      const reached = end ?? at.getTime();
      if (opensAt <= reached && closesAt > reached) end = closesAt;
    }
    if (ahead >= 1 && end === before) break;
  }
  return end === undefined ? undefined : new Date(end);
}

/** What opens on one date. Times that clocks skip or repeat are read as slots are: after the gap, the first time. */
function openingsOf({ days }: Window, zone: string, midnight: number): { opensAt: number; closesAt: number }[] {
  const ranges = days[new Date(midnight).getUTCDay()] ?? [];
  return ranges.map(({ from, until }) => ({
    opensAt: firstMoment(zone, midnight + from * MINUTE_MS),
    closesAt: firstMoment(zone, midnight + until * MINUTE_MS),
  }));
}

function daysOf(name: string): readonly number[] {
  const written = name.toLowerCase().trim();
  const group = GROUPS.find(([pattern]) => pattern.test(written))?.[1];
  const day = weekdayOf(written);
  if (group) return group;
  if (day !== undefined) return [day];
  const match = nearest(written, [
    'daily',
    'weekdays',
    'weekends',
    'monday',
    'tuesday',
    'wednesday',
    'thursday',
    'friday',
    'saturday',
    'sunday',
  ]);
  throw mistake(
    `"${name}" is not a day of the week.`,
    match === undefined ? 'Write daily, weekdays, weekends or a day such as saturday.' : `Did you mean "${match}"?`,
  );
}

function readRanges(text: string): readonly Range[] {
  if (/^(closed|none|never)$/i.test(text.trim())) return [];
  const ranges = text.split(',').map((range) => {
    const [, fromHour, fromMinute, untilHour, untilMinute] =
      /^\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*$/.exec(range) ?? [];
    const from = Number(fromHour) * 60 + Number(fromMinute);
    const until = Number(untilHour) * 60 + Number(untilMinute);
    const isPossible = from < 1440 && until <= 1440 && Number(fromMinute) < 60 && Number(untilMinute) < 60;
    if (!isPossible)
      throw mistake(`"${range.trim()}" is not a window.`, 'Write from when until when, such as 22:00-05:00.');
    if (from === until) throw mistake(`"${range.trim()}" is empty.`, 'Write 00:00-24:00 for the whole day.');
    return { from, until: until > from ? until : until + 1440 };
  });
  return ranges.sort((a, b) => a.from - b.from);
}

function mistake(sentence: string, hint: string): UserError {
  return new UserError('bad-input', sentence, { hint });
}
