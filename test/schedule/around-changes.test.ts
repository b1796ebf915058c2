import { describe, expect, test } from 'vitest';
import { scheduleSettings } from '../../src/schedule/settings.ts';
import { live } from './simulate.ts';
import { DAY, datesBetween, HOUR, MINUTE, YEARS, yearOf } from './wall-clock.ts';

/** Minutes between the times of day that are tried; 1 tries all of them. */
const STEP = Number(process.env.SCHEDULE_STEP ?? 5);
const REACH = 3 * HOUR;

const changing = YEARS.map(([zone, year]) => ({ zone, clock: yearOf(zone, year) })).filter(
  ({ clock }) => clock.changes.length > 0,
);

describe.each(changing)('three hours either side of each change of the clocks in $zone', ({ zone, clock }) => {
  const settings = scheduleSettings.parse({ does: 'backup', when: 'nightly at 02:00', zone, window: '22:00-05:00' });

  test('every minute of the day begins once in its minute, or is missed because its window is closed', () => {
    for (const change of clock.changes) {
      const [from, until] = [change - REACH, change + REACH];
      const dates = datesBetween(clock, clock.wallAt(change) - 4 * DAY, clock.wallAt(change) + 4 * DAY);
      // the hours of a night are shown by the clock although a zone may not have the date that it begins on
      const today = Math.floor(clock.wallAt(change) / DAY) * DAY;
      const days = Array.from({ length: 8 }, (_, day) => today + (day - 4) * DAY);
      const nights = days.map((date) => [22, 29].map((hour) => clock.firstAtOrAfter(date + hour * HOUR)));
      const isOpen = (at: number) => nights.some(([opensAt = 0, closesAt = 0]) => opensAt <= at && at < closesAt);
      for (let minute = Math.abs(change / MINUTE) % STEP; minute < 1440; minute += STEP) {
        const slots = dates.map((date) => clock.firstAtOrAfter(date + minute * MINUTE));
        const near = slots.filter((slot) => slot > from && slot <= until);
        const when = `${minute % 60} ${Math.floor(minute / 60)} * * *`;
        const life = live({ settings: { ...settings, when }, from, until, isPatient: true });
        const found = [life.fired.map(({ at }) => at), life.missed.map(({ at }) => at)];
        const expected = [near.filter(isOpen), near.filter((slot) => !isOpen(slot))];
        if (String(found) !== String(expected)) expect({ when, found }).toEqual({ when, found: expected });
      }
    }
  });
});
