import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHeatMap } from '../../src/schedule/heat-map.ts';
import { findQuietHours, writeHours, writeNightly, writeWeekHour } from '../../src/schedule/quiet-hours.ts';
import { noteSample, samplesOf } from '../../src/schedule/workload-samples.ts';
import { HOUR, MONDAY, NOTHING, weeksOf, working } from './weeks.ts';

describe('quiet hours', () => {
  test('are where the fewest workloads run, in the middle of the night when many hours are alike', () => {
    const quiet = findQuietHours(createHeatMap(weeksOf(3, working), 'UTC'), 2 * HOUR);
    expect(quiet && writeNightly(quiet.nightly)).toBe('nightly at 02:00');
    expect(quiet?.around && writeHours(quiet.around)).toBe('00:00-08:00');
    expect(quiet?.weekly.mean).toBe(0);
  });

  test('are on the clocks of the zone, whatever its distance from UTC', () => {
    const map = createHeatMap(weeksOf(3, working), 'Asia/Kolkata');
    const quiet = findQuietHours(map, HOUR);
    // 00:00 to 08:00 UTC is 05:30 to 13:30 there, and of these 06:00 is nearest to the night.
    expect(quiet && writeHours(quiet.nightly)).toBe('05:00-06:00');
    expect(map.cells.reduce((sum, { samples }) => sum + samples, 0)).toBe(3 * 168);
  });

  test('reach across midnight and across the end of the week', () => {
    const late = weeksOf(3, (_day, hour) => (hour >= 22 || hour < 1 ? 0 : 9));
    expect(writeHours(findQuietHours(createHeatMap(late, 'UTC'), 3 * HOUR)?.nightly ?? never())).toBe('22:00-01:00');
    const sunday = weeksOf(3, (day, hour) => ((day === 6 && hour === 23) || (day === 0 && hour === 0) ? 0 : 9));
    const quiet = findQuietHours(createHeatMap(sunday, 'UTC'), 2 * HOUR);
    expect(quiet && writeWeekHour(quiet.weekly)).toBe('Sunday 23:00');
  });

  test('are not named before every hour of the day was seen three times', () => {
    const days = (count: number) => {
      const hours = Array.from({ length: count * 24 }, (_, hour) => new Date(MONDAY + hour * HOUR));
      return createHeatMap(
        hours.reduce((activity, at) => noteSample(activity, at, 0), NOTHING),
        'UTC',
      );
    };
    expect(findQuietHours(days(2), HOUR)).toBeUndefined();
    expect(findQuietHours(days(3), HOUR)).toBeDefined();
    const daytime = weeksOf(8, (_, hour) => (hour >= 6 ? 3 : undefined));
    expect(findQuietHours(createHeatMap(daytime, 'UTC'), HOUR)).toBeUndefined();
  });

  test('are never busier than any other hours of that length', () => {
    const hourly = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 168, maxLength: 168 });
    fc.assert(
      fc.property(hourly, fc.integer({ min: 1, max: 24 }), (workloads, hours) => {
        const map = createHeatMap(
          weeksOf(1, (day, hour) => workloads[day * 24 + hour]),
          'UTC',
        );
        const quiet = findQuietHours(map, hours * HOUR);
        const busiest = Math.max(...workloads);
        for (let start = 0; start < 168; start += 1) {
          const there = Array.from({ length: hours }, (_, hour) => workloads[(start + hour) % 168] ?? 0);
          const mean = there.reduce((sum, count) => sum + count, 0) / hours;
          expect(quiet?.weekly.mean).toBeLessThanOrEqual(mean + 0.02 * busiest + 1e-9);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('samples', () => {
  test('of one hour count once, the larger one', () => {
    const at = new Date(MONDAY + 5 * HOUR);
    const twice = noteSample(noteSample(noteSample(NOTHING, at, 2), new Date(at.getTime() + 59_000), 7), at, 3);
    expect(samplesOf(twice)).toEqual([{ at, workloads: 7 }]);
  });

  test('are kept of the last eight weeks, however long the server runs', () => {
    const activity = weeksOf(20, () => 1);
    expect(activity.weeks.map(({ monday }) => monday)).toHaveLength(8);
    expect(activity.weeks.at(-1)?.monday).toBe('2026-06-15');
  });

  test('of a clock that was far ahead are forgotten, and a clock that jumps a day costs nothing', () => {
    const before = weeksOf(2, () => 1);
    const ahead = noteSample(before, new Date('2031-01-01T00:00:00Z'), 5);
    expect(samplesOf(noteSample(ahead, new Date(MONDAY + 15 * 24 * HOUR), 1))).toHaveLength(2 * 168 + 1);
    const dayAhead = noteSample(before, new Date(MONDAY + 15 * 24 * HOUR), 5);
    expect(samplesOf(noteSample(dayAhead, new Date(MONDAY + 13 * 24 * HOUR), 1))).toHaveLength(2 * 168 + 1);
  });
});

function never(): never {
  throw new Error('there should have been quiet hours');
}
