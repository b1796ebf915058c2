import { describe, expect, test } from 'vitest';
import { scheduleSettings } from '../../src/schedule/settings.ts';
import { live } from './simulate.ts';
import { DAY, HOUR, MINUTE } from './wall-clock.ts';

const from = Date.parse('2026-05-01T00:00:00Z');
const DAYS = 6;
const nightly = scheduleSettings.parse({
  does: 'backup',
  when: 'nightly at 02:00',
  zone: 'UTC',
  window: '22:00-05:00',
});

/** The clock shows a wrong time from one true moment up to another. */
function withJump(jumpAt: number, backAt: number, byMs: number) {
  const clock = (at: number) => (at >= jumpAt && at < backAt ? at + byMs : at);
  return live({ settings: nightly, from, until: from + DAYS * DAY, clock });
}

const JUMPS: readonly (readonly [name: string, byMs: number])[] = [
  ['a day ahead', DAY],
  ['a day back', -DAY],
];
const LENGTHS = [10 * MINUTE, 5 * HOUR, 26 * HOUR, 30 * DAY];

describe.each(JUMPS)('a clock that jumps %s', (_, byMs) => {
  test.each(Array.from({ length: 24 }, (_, hour) => hour))('neither floods nor silences (at %i:30)', (hour) => {
    for (const lengthMs of LENGTHS) {
      const jumpAt = from + 2 * DAY + hour * HOUR + 30 * MINUTE;
      const { fired, missed } = withJump(jumpAt, jumpAt + lengthMs, byMs);
      const moments = [from, ...fired.map(({ at }) => at), from + DAYS * DAY];
      const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));
      // each true night has its run, at most one run comes on top for each time that the clock is set
      expect(Math.max(...gaps)).toBeLessThanOrEqual(27 * HOUR);
      expect(fired.length).toBeGreaterThanOrEqual(DAYS);
      expect(fired.length).toBeLessThanOrEqual(DAYS + 2);
      expect(missed.length).toBeLessThanOrEqual(2);
    }
  });
});

test.each([30_000, 10 * MINUTE, HOUR, 2 * HOUR])(
  'a clock set back by %i ms after a run does not make it run twice',
  (byMs) => {
    for (const minutes of [1, 5, 30, 59, 119]) {
      const jumpAt = from + 2 * DAY + 2 * HOUR + minutes * MINUTE;
      const { fired } = withJump(jumpAt, from + 30 * DAY, -byMs);
      expect(fired).toHaveLength(DAYS);
    }
  },
);
