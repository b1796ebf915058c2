/*
 * What clocks on the wall show, read from Intl quarter by quarter of an hour and knowing nothing of src/: the judge of
 * slots and windows. Wall times are written as the milliseconds UTC would have.
 */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const QUARTER = 15 * MINUTE;

export interface WallClock {
  /** What the clock shows at a moment. */
  wallAt(at: number): number;
  /** The first minute from the beginning on at which it shows this or more. */
  firstAtOrAfter(wall: number): number;
  /** The moments at which it is changed. */
  readonly changes: readonly number[];
}

export function readWallClock(zone: string, from: number, until: number): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const shown = (at: number): number => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = (format.format(at).match(/\d+/g) ?? []).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute);
  };
  const pieces = [{ from, offset: shown(from) - from }];
  for (let at = from; at < until; at += QUARTER) {
    const offset = shown(at) - at;
    if (offset !== pieces.at(-1)?.offset) pieces.push({ from: at, offset });
  }
  const wallAt = (at: number) => at + (pieces.findLast((piece) => piece.from <= at)?.offset ?? 0);
  return {
    wallAt,
    firstAtOrAfter(wall) {
      for (const [index, piece] of pieces.entries()) {
        const end = pieces[index + 1]?.from ?? until;
        const at = Math.max(piece.from, wall - piece.offset);
        if (at < end) return at;
      }
      return until;
    },
    changes: pieces.slice(1).map((piece) => piece.from),
  };
}

/** Twelve zones, each in a year in which it has something to show. */
export const YEARS: readonly (readonly [zone: string, year: number])[] = [
  ['Europe/Berlin', 2026],
  ['America/New_York', 2026],
  ['Australia/Lord_Howe', 2026], // half an hour
  ['Asia/Kolkata', 2026],
  ['Asia/Kathmandu', 2026],
  ['Pacific/Apia', 2011], // had no 30 December
  ['America/Sao_Paulo', 2018], // at midnight
  ['Africa/Casablanca', 2026], // an hour back for Ramadan
  ['Pacific/Chatham', 2026], // at 02:45
  ['UTC', 2026],
  ['Asia/Tehran', 2022], // at midnight, for the last time
  ['Antarctica/Troll', 2026], // two hours
];

export function yearOf(zone: string, year: number): WallClock {
  return readWallClock(zone, Date.UTC(year, 0, 1) - 3 * DAY, Date.UTC(year + 1, 0, 1) + 3 * DAY);
}

/** Dates of a year that the zone has, as midnights on the wall. */
export function datesOf(clock: WallClock, year: number): number[] {
  return datesBetween(clock, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
}

export function datesBetween(clock: WallClock, from: number, until: number): number[] {
  const first = Math.floor(from / DAY) * DAY;
  const all = Array.from({ length: Math.ceil((until - first) / DAY) }, (_, day) => first + day * DAY);
  return all.filter((day) => clock.wallAt(clock.firstAtOrAfter(day)) < day + DAY);
}
