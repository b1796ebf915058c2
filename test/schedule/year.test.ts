import { describe, expect, test } from 'vitest';
import { type Expression, readExpression } from '../../src/schedule/expression.ts';
import { latestSlots, nextSlots, slotsBetween } from '../../src/schedule/slots.ts';
import { isInWindow, readWindow, windowEndsAt } from '../../src/schedule/window.ts';
import { DAY, datesBetween, datesOf, HOUR, MINUTE, YEARS, yearOf } from './wall-clock.ts';

const at = (moments: readonly number[]) => moments.map((moment) => new Date(moment).toISOString());
const iso = (slots: readonly Date[]) => slots.map((slot) => slot.toISOString());
const daily = (minute: number): Expression => readExpression(`${minute % 60} ${Math.floor(minute / 60)} * * *`);

/** Times that clocks skip, repeat or are changed at, in one zone or another. */
const NIGHTS = ['00:00', '00:30', '01:30', '02:00', '02:15', '02:30', '03:00', '23:30'];
const everyMinute = Array.from({ length: 1440 }, (_, minute) => daily(minute));

describe.each(YEARS)('a year in %s (%i)', (zone, year) => {
  const clock = yearOf(zone, year);
  const dates = datesOf(clock, year);

  test('has exactly one run each night', () => {
    for (const time of NIGHTS) {
      const expected = dates.map((date) => clock.firstAtOrAfter(date + Date.parse(`1970-01-01T${time}Z`)));
      const [first = 0, last = 0] = [expected[0], expected.at(-1)];
      const slots = slotsBetween(readExpression(`nightly at ${time}`), zone, new Date(first - 1), new Date(last));
      expect(iso(slots)).toEqual(at([...new Set(expected)]));
      expect(slots).toHaveLength(dates.length);
    }
  });

  test('has the same slots forwards and backwards, one by one or at once', () => {
    const expression = readExpression('30 2 * * *');
    const [from, until] = [new Date(Date.UTC(year, 0, 1)), new Date(Date.UTC(year + 1, 0, 1))];
    const all = iso(slotsBetween(expression, zone, from, until));
    expect(iso(latestSlots(expression, zone, from, until, 1000).slots)).toEqual(all);
    const oneByOne = [];
    for (let slot = nextSlots(expression, zone, from, 1)[0]; slot && slot <= until; ) {
      oneByOne.push(slot);
      slot = nextSlots(expression, zone, slot, 1)[0];
    }
    expect(iso(oneByOne)).toEqual(all);
  });

  test('runs once at every minute of the day around each change of the clocks', () => {
    for (const change of clock.changes) {
      const [from, until] = [change - 27 * HOUR, change + 27 * HOUR];
      const near = datesBetween(clock, clock.wallAt(change) - 4 * DAY, clock.wallAt(change) + 4 * DAY);
      for (const [minute, expression] of everyMinute.entries()) {
        const moments = near.map((date) => clock.firstAtOrAfter(date + minute * MINUTE));
        const expected = moments.filter((moment) => moment > from && moment <= until);
        const slots = slotsBetween(expression, zone, new Date(from), new Date(until));
        if (String(iso(slots)) !== String(at(expected))) expect(iso(slots)).toEqual(at(expected));
      }
    }
  });

  test('opens its window once a night, for as long as the clock on the wall says', () => {
    const window = readWindow('22:00-05:00');
    const nights = dates.map((date) => ({
      opensAt: clock.firstAtOrAfter(date + 22 * HOUR),
      // where the next date does not exist, its night goes on in that of the date after it
      closesAt: clock.firstAtOrAfter((hasNext(date) ? date : date + DAY) + 29 * HOUR),
    }));
    for (const { opensAt, closesAt } of nights) {
      const ends = [opensAt - MINUTE, opensAt, closesAt - MINUTE, closesAt].map((moment) =>
        windowEndsAt(window, zone, new Date(moment))?.getTime(),
      );
      expect(ends).toEqual([undefined, closesAt, closesAt, undefined]);
      expect(isInWindow(window, zone, new Date((opensAt + closesAt) / 2))).toBe(true);
    }
    expect(nights).toHaveLength(dates.length);
  });

  const hasNext = (date: number) => datesBetween(clock, date + DAY, date + 2 * DAY).length === 1;
});
