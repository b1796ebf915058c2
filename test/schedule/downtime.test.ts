import { describe, expect, test } from 'vitest';
import { type ScheduleSettings, scheduleSettings } from '../../src/schedule/settings.ts';
import { live } from './simulate.ts';
import { DAY, datesOf, HOUR, MINUTE, YEARS, yearOf } from './wall-clock.ts';

const NOTICE = 30 * MINUTE;
const ROOM = 30 * MINUTE;
/** Downtimes of a year that are tried in each zone. */
const SEEDS = Number(process.env.SCHEDULE_SEEDS ?? 2);

function nightly(zone: string, more: Record<string, unknown> = {}): ScheduleSettings {
  return scheduleSettings.parse({
    does: 'backup',
    when: 'nightly at 02:30',
    zone,
    window: '22:00-05:00',
    notice: '30m',
    ...more,
  });
}

/** The same each time, other for each seed. Source: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Hours and days, begun and ended at any second; some begin in the very minute of a slot. */
function downsOf(seed: number, slots: readonly number[], until: number): [number, number][] {
  const random = randomOf(seed);
  const downs: [number, number][] = [];
  for (let at = slots[0] ?? 0; at < until; ) {
    at += random() * 12 * DAY;
    const slot = slots.find((each) => each > at) ?? at;
    const from = random() < 0.4 ? slot - Math.floor(random() * 3) * MINUTE : at;
    const length = random() < 0.6 ? random() * 10 * HOUR : random() * 6 * DAY;
    downs.push([from, from + length]);
    at = from + length + MINUTE;
  }
  return downs;
}

/** What has to become of each slot, said another way than `decideDue` does: slot by slot, from the downtimes. */
function expectedOf(
  slots: readonly number[],
  closes: readonly number[],
  downs: readonly [number, number][],
  misfire: string,
) {
  const fired: [slot: number, at: number][] = [];
  const missed: number[] = [];
  for (const [index, slot] of slots.entries()) {
    const down = downs.find(([from, until]) => from <= slot && slot < Math.ceil(until / MINUTE) * MINUTE);
    const at = down ? Math.ceil(down[1] / MINUTE) * MINUTE : slot;
    const next = slots[index + 1] ?? Number.POSITIVE_INFINITY;
    const isLate = at - slot > 2 * MINUTE;
    const mayRun =
      at < next && at + NOTICE < (closes[index] ?? 0) && (!isLate || (misfire === 'run' && next - at >= ROOM));
    if (mayRun) fired.push([slot, at]);
    else missed.push(slot);
  }
  return { fired, missed };
}

describe.each(YEARS)('a year in %s (%i)', (zone, year) => {
  const clock = yearOf(zone, year);
  const slots = datesOf(clock, year).map((date) => clock.firstAtOrAfter(date + 2.5 * HOUR));
  const closes = datesOf(clock, year).map((date) => clock.firstAtOrAfter(date + 5 * HOUR));
  const [from, until] = [(slots[0] ?? 0) - HOUR, (slots.at(-1) ?? 0) + HOUR];

  test('fires each slot in its minute, and nothing else, when the server is always up', () => {
    const life = live({ settings: nightly(zone), from, until });
    expect(life.fired.map(({ slotAt }) => slotAt)).toEqual(slots);
    expect(life.fired.every(({ slotAt, at, isLate }) => at === slotAt && !isLate)).toBe(true);
    expect([...life.missed, ...life.skipped]).toEqual([]);
  });

  test.each(['run', 'report'])('accounts for every slot when the server is down at random (misfire: %s)', (misfire) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const downs = downsOf(seed * 1000 + year, slots, until);
      const life = live({ settings: nightly(zone, { misfire }), from, until, downs });
      const expected = expectedOf(slots, closes, downs, misfire);
      const accounted = [...life.fired, ...life.missed].map(({ slotAt }) => slotAt).sort((a, b) => a - b);
      // a year may end while the server is down: what it would tell of later is not awaited
      expect(accounted).toEqual(slots.slice(0, accounted.length));
      expect(accounted.length).toBeGreaterThan(slots.length - 10);
      expect(life.fired.map(({ slotAt, at }) => [slotAt, at])).toEqual(expected.fired.filter(([, at]) => at <= until));
      expect(life.missed.map(({ slotAt }) => slotAt)).toEqual(expected.missed.slice(0, life.missed.length));
      expect(Math.min(life.fired.length, life.missed.length)).toBeGreaterThan(10);
    }
  });
});
