import type { CronFields } from './cron.ts';
import { daysFrom } from './days.ts';
import type { Expression } from './expression.ts';
import { DAY_MS, firstMoment, MINUTE_MS, offsetOfDay, skipsDay, wallOf } from './zone.ts';

/*
 * A slot is a moment at which a schedule is to run. A time that clocks skip runs once, at the first minute after the
 * gap; one that they show twice runs once, the first time. Slots of one minute are one slot.
 */

/** The next slots after a moment; fewer only where no date suits. */
export function nextSlots(expression: Expression, zone: string, after: Date, count: number): Date[] {
  const found: Date[] = [];
  for (const slot of slotsAfter(expression, zone, after.getTime())) {
    if (found.length >= count) break;
    found.push(new Date(slot));
  }
  return found;
}

/** Every slot after one moment, up to and with another. */
export function slotsBetween(expression: Expression, zone: string, after: Date, until: Date): Date[] {
  const found: Date[] = [];
  for (const slot of slotsAfter(expression, zone, after.getTime())) {
    if (slot > until.getTime()) break;
    found.push(new Date(slot));
  }
  return found;
}

/** The latest slots after one moment, up to and with another; at most `count`, in their order. */
export function latestSlots(
  expression: Expression,
  zone: string,
  after: Date,
  until: Date,
  count: number,
): { slots: Date[]; hasMore: boolean } {
  const found: Date[] = [];
  for (const slot of slotsUntil(expression, zone, until.getTime())) {
    if (slot <= after.getTime()) break;
    if (found.length === count) return { slots: found.reverse(), hasMore: true };
    found.push(new Date(slot));
  }
  return { slots: found.reverse(), hasMore: false };
}

/** The longest time between two slots that follow each other in the year after a moment; undefined below two slots. */
export function longestGapMs(expression: Expression, zone: string, after: Date): number | undefined {
  let [longest, previous]: [longest?: number, previous?: number] = [];
  for (const slot of slotsAfter(expression, zone, after.getTime())) {
    if (previous !== undefined) longest = Math.max(longest ?? 0, slot - previous);
    previous = slot;
    if (longest !== undefined && slot > after.getTime() + 366 * DAY_MS) break;
  }
  return longest;
}

function* slotsAfter({ fields }: Expression, zone: string, after: number): Generator<number> {
  const today = startOfDay(wallOf(zone, after));
  let previous = after;
  for (const day of daysFrom(fields, today, 1)) {
    for (const slot of slotsOfDay(fields, zone, day)) {
      if (slot <= previous) continue;
      yield slot;
      previous = slot;
    }
  }
}

function* slotsUntil({ fields }: Expression, zone: string, until: number): Generator<number> {
  // Where clocks go back over midnight, slots of the next date have been already.
  const tomorrow = startOfDay(wallOf(zone, until)) + DAY_MS;
  let previous = until + 1;
  for (const day of daysFrom(fields, tomorrow, -1)) {
    for (const slot of slotsOfDay(fields, zone, day).reverse()) {
      if (slot >= previous) continue;
      yield slot;
      previous = slot;
    }
  }
}

/** In the order of the clock on the wall, which is the order of moments too; slots after a gap may be repeated. */
function slotsOfDay({ times }: CronFields, zone: string, midnight: number): number[] {
  const offset = offsetOfDay(zone, midnight);
  if (offset !== undefined) return times.map((time) => midnight + time * MINUTE_MS - offset);
  if (skipsDay(zone, midnight)) return [];
  return times.map((time) => firstMoment(zone, midnight + time * MINUTE_MS));
}

function startOfDay(wall: number): number {
  return Math.floor(wall / DAY_MS) * DAY_MS;
}
