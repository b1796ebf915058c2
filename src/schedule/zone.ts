import { tzOffset } from '@date-fns/tz';
import { UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';

/*
 * A wall time is what a clock on the wall of a zone shows, written as the milliseconds that UTC would have when its
 * clocks showed the same. Days are counted with it, because days of a zone may have 23, 24 or 25 hours.
 */

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** Offsets lie between these: a wall time is shown at some moment in this reach, if at all. */
const FURTHEST_EAST_MS = 14 * 3_600_000;
const FURTHEST_WEST_MS = 12 * 3_600_000;

/** @throws UserError `bad-input` with the nearest name that there is. */
export function checkZone(zone: string): void {
  if (/^[a-z]/i.test(zone) && isKnown(zone)) return;
  const known = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
  const city = known.find((name) => name.toLowerCase().endsWith(`/${zone.trim().toLowerCase().replaceAll(' ', '_')}`));
  const match = city ?? nearest(zone, known);
  throw new UserError('bad-input', `"${zone}" is not a time zone.`, {
    hint:
      match === undefined
        ? 'Write the name of a zone and its city, such as Europe/Berlin, or UTC.'
        : `Did you mean "${match}"?`,
  });
}

/** A formatter costs more than all else that is read of a schedule. */
const knownZones = new Set<string>();

function isKnown(zone: string): boolean {
  if (knownZones.has(zone)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions();
    knownZones.add(zone);
    return true;
  } catch {
    return false; // a RangeError is how Intl says no
  }
}

export function wallOf(zone: string, at: number): number {
  return at + offsetMs(zone, at);
}

/** The one offset that a zone has on a whole day of its own; undefined when clocks are changed near it. */
export function offsetOfDay(zone: string, wallMidnight: number): number | undefined {
  const before = offsetMs(zone, wallMidnight - FURTHEST_EAST_MS);
  return before === offsetMs(zone, wallMidnight + DAY_MS + FURTHEST_WEST_MS) ? before : undefined;
}

/** Whether a zone has no such day at all, as Apia had no 30 December 2011. */
export function skipsDay(zone: string, wallMidnight: number): boolean {
  const before = offsetMs(zone, wallMidnight - FURTHEST_EAST_MS);
  const after = offsetMs(zone, wallMidnight + FURTHEST_WEST_MS);
  return after - before >= DAY_MS && firstMoment(zone, wallMidnight) === firstMoment(zone, wallMidnight + DAY_MS);
}

/** The first moment at which the clock shows a wall time; where clocks skip it, the first moment after the gap. */
export function firstMoment(zone: string, wall: number): number {
  const before = offsetMs(zone, wall - FURTHEST_EAST_MS);
  const after = offsetMs(zone, wall + FURTHEST_WEST_MS);
  if (before === after) return wall - before;
  const shown = [wall - before, wall - after].filter((at) => wallOf(zone, at) === wall);
  if (shown.length > 0) return Math.min(...shown);
  return changeBetween(zone, wall - FURTHEST_EAST_MS, wall + FURTHEST_WEST_MS);
}

/** When clocks are changed; there is one change between the two. */
function changeBetween(zone: string, from: number, until: number): number {
  let [low, high] = [Math.floor(from / MINUTE_MS), Math.ceil(until / MINUTE_MS)];
  const before = offsetMs(zone, from);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(zone, middle * MINUTE_MS) === before) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}

function offsetMs(zone: string, at: number): number {
  return zone === 'UTC' ? 0 : tzOffset(zone, new Date(at)) * MINUTE_MS;
}
