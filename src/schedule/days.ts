import type { CronFields } from './cron.ts';
import { DAY_MS } from './zone.ts';

/** Beyond this no date suits: 29 February is eight years away at most, a weekday of it forty. */
const MOST_MONTHS = 12 * 41;

/** The dates that suit, from one on, forwards or backwards; months that do not suit are passed over whole. */
export function* daysFrom(fields: CronFields, first: number, direction: 1 | -1): Generator<number> {
  const date = new Date(first);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  for (let ahead = 0; ahead < MOST_MONTHS; ahead += 1) {
    const start = Date.UTC(year, month + ahead * direction, 1);
    if (!fields.months.includes(new Date(start).getUTCMonth() + 1)) continue;
    const days = daysOfMonth(fields, start);
    for (const day of direction === 1 ? days : days.reverse()) {
      if ((day - first) * direction >= 0) yield day;
    }
  }
}

function daysOfMonth(fields: CronFields, start: number): number[] {
  const date = new Date(start);
  const length = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return Array.from({ length }, (_, at) => at + 1)
    .filter((day) => isDayOf(fields, day, (date.getUTCDay() + day - 1) % 7, length))
    .map((day) => start + (day - 1) * DAY_MS);
}

function isDayOf(fields: CronFields, day: number, weekday: number, length: number): boolean {
  const isDay = fields.days.includes(day) || (fields.hasLastDay && day === length);
  const isWeekday =
    fields.weekdays.includes(weekday) ||
    fields.nthWeekdays.some(
      ({ weekday: wanted, nth }) => wanted === weekday && (nth === 0 ? day + 7 > length : Math.ceil(day / 7) === nth),
    );
  return fields.needsBothDays ? isDay && isWeekday : isDay || isWeekday;
}
