import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBlackout, readBlackout } from '../../src/schedule/blackout.ts';
import { isInWindow, lengthsOf, readWindow, windowEndsAt } from '../../src/schedule/window.ts';
import { DAY, HOUR, MINUTE, readWallClock, YEARS } from './wall-clock.ts';

const openAt = (text: Parameters<typeof readWindow>[0], at: string, zone = 'UTC') =>
  isInWindow(readWindow(text), zone, new Date(at));

describe('a window', () => {
  test('is open from its first minute up to its last, over midnight too', () => {
    expect(openAt('22:00-05:00', '2026-05-04T21:59:59Z')).toBe(false);
    expect(openAt('22:00-05:00', '2026-05-04T22:00:00Z')).toBe(true);
    expect(openAt('22:00-05:00', '2026-05-05T04:59:59Z')).toBe(true);
    expect(openAt('22:00-05:00', '2026-05-05T05:00:00Z')).toBe(false);
    expect(openAt('01:00-04:30', '2026-05-05T04:29:00Z', 'Asia/Kolkata')).toBe(false);
    expect(openAt('01:00-04:30', '2026-05-04T22:59:00Z', 'Asia/Kolkata')).toBe(true);
  });

  test('belongs to the day that it opens on', () => {
    const text = { weekdays: '22:00-05:00', saturday: '00:00-24:00', sunday: 'closed' };
    expect(openAt(text, '2026-05-02T04:00:00Z')).toBe(true); // Saturday, by its own
    expect(openAt(text, '2026-05-03T04:00:00Z')).toBe(false); // Sunday: Saturday ended at midnight
    expect(openAt(text, '2026-05-04T04:00:00Z')).toBe(false); // Monday: Sunday was closed
    expect(openAt(text, '2026-05-05T04:00:00Z')).toBe(true); // Tuesday: Monday's
    expect(windowEndsAt(readWindow(text), 'UTC', new Date('2026-05-01T23:00:00Z'))).toEqual(
      new Date('2026-05-03T00:00:00Z'),
    );
  });

  test('may be several a day, and the fewer days a name means the more it counts', () => {
    const text = { daily: '22:00-02:00, 12:00-13:00', monday: '03:00-04:00' };
    expect(openAt(text, '2026-05-05T12:30:00Z')).toBe(true);
    expect(openAt(text, '2026-05-04T12:30:00Z')).toBe(false);
    expect(openAt(text, '2026-05-04T03:30:00Z')).toBe(true);
  });

  test('that never closes is said to close in days', () => {
    const at = new Date('2026-05-04T12:00:00Z');
    expect(windowEndsAt(readWindow('00:00-24:00'), 'UTC', at)?.getTime()).toBeGreaterThan(at.getTime() + 7 * DAY);
    expect(lengthsOf(readWindow('22:00-05:00'))).toEqual(Array.from({ length: 7 }, () => 7 * HOUR));
  });

  test.each([
    ['22-5', '"22-5" is not a window'],
    ['22:00', '"22:00" is not a window'],
    ['25:00-05:00', '"25:00-05:00" is not a window'],
    ['22:00-22:00', '"22:00-22:00" is empty'],
    [{ mondy: '22:00-05:00' }, '"mondy" is not a day of the week'],
    [{ monday: 'closed' }, 'The window never opens'],
  ])('refuses %j by name', (text, sentence) => {
    expect(() => readWindow(text as Parameters<typeof readWindow>[0])).toThrow(sentence);
  });
});

const clockTime = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
const write = ([hour, minute]: readonly [number, number]) =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
const range = fc.tuple(clockTime, clockTime).map(([from, until]) => `${write(from)}-${write(until)}`);
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** What the clock on the wall says of a range of hours, without a word about days that come and go. */
function coversWall(text: string, wall: number): boolean {
  const [from = 0, until = 0] = text.split('-').map((time) => Date.parse(`1970-01-01T${time}Z`) / MINUTE);
  const shown = Math.floor((wall % DAY) / MINUTE);
  return from < until ? from <= shown && shown < until : shown >= from || shown < until;
}

test('windows are read off the clock on the wall, away from changes of the clocks', () => {
  const possible = range.filter((text) => text.slice(0, 5) !== text.slice(6));
  const zones = YEARS.map(([zone, year]) => ({
    zone,
    year,
    clock: readWallClock(zone, Date.UTC(year, 0, 1), Date.UTC(year, 0, 31)),
  }));
  const [first, length] = [4 * DAY, 20 * DAY];
  fc.assert(
    fc.property(possible, fc.constantFrom(...zones), fc.nat(length / MINUTE), (text, { zone, year, clock }, minute) => {
      const at = Date.UTC(year, 0, 1) + first + minute * MINUTE;
      const window = readWindow(text);
      fc.pre(!clock.changes.some((change) => Math.abs(change - at) < 2 * DAY));
      expect(isInWindow(window, zone, new Date(at))).toBe(coversWall(text, clock.wallAt(at)));
      const end = windowEndsAt(window, zone, new Date(at));
      if (!end) return;
      expect(end.getTime()).toBeGreaterThan(at);
      expect(isInWindow(window, zone, new Date(end.getTime() - 1))).toBe(true);
      expect(isInWindow(window, zone, end)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('windows of days are open when the range of this day or the rest of the day before says so', () => {
  const possible = range.filter((text) => text.slice(0, 5) !== text.slice(6));
  const days = fc.tuple(...DAYS.map(() => fc.oneof(possible, fc.constant('closed'))));
  fc.assert(
    fc.property(days, fc.nat(14 * 1440), (ranges, minute) => {
      fc.pre(ranges.some((text) => text !== 'closed'));
      const at = Date.UTC(2026, 4, 3) + minute * MINUTE;
      const open = readWindow(Object.fromEntries(DAYS.map((name, index) => [name, ranges[index] ?? 'closed'])));
      const [today = 'closed', before = 'closed'] = [0, 6].map((back) => ranges[(new Date(at).getUTCDay() + back) % 7]);
      const isLate = (text: string) => new Date(at).toISOString().slice(11, 16) >= text.slice(0, 5);
      const isNight = (text: string) => text !== 'closed' && text.slice(0, 5) > text.slice(6);
      const byToday = today !== 'closed' && coversWall(today, at) && (!isNight(today) || isLate(today));
      const byBefore = isNight(before) && coversWall(before, at) && !isLate(before);
      expect(isInWindow(open, 'UTC', new Date(at))).toBe(byToday || byBefore);
    }),
    { numRuns: 500 },
  );
});

describe('blackout dates', () => {
  const blackouts = ['2026-12-24..2026-12-26', '2027-01-01'].map(readBlackout);
  const isOn = (at: string, zone: string) => isBlackout(blackouts, zone, new Date(at));

  test('are dates of the zone, from the first to the last', () => {
    expect(isOn('2026-12-23T22:59:00Z', 'Europe/Berlin')).toBe(false);
    expect(isOn('2026-12-23T23:00:00Z', 'Europe/Berlin')).toBe(true);
    expect(isOn('2026-12-26T22:59:00Z', 'Europe/Berlin')).toBe(true);
    expect(isOn('2026-12-26T23:00:00Z', 'Europe/Berlin')).toBe(false);
    expect(isOn('2027-01-01T12:00:00Z', 'Pacific/Apia')).toBe(false);
    expect(isOn('2027-01-01T09:00:00Z', 'Pacific/Apia')).toBe(true);
  });

  test.each([
    ['2026-02-30', '"2026-02-30" is not a date'],
    ['24.12.2026', '"24.12.2026" is not a date'],
    ['2026-12-26..2026-12-24', 'ends before it begins'],
    ['2026-12-24..', '"" is not a date'],
    ['2026-12-24..2026-12-25..2026-12-26', 'is not a date'],
  ])('refuse %s by name', (text, sentence) => {
    expect(() => readBlackout(text)).toThrow(sentence);
  });
});
