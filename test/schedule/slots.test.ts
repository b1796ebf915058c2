import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { readExpression } from '../../src/schedule/expression.ts';
import { latestSlots, longestGapMs, nextSlots, slotsBetween } from '../../src/schedule/slots.ts';
import { DAY, HOUR, MINUTE, readWallClock, YEARS } from './wall-clock.ts';

function next(text: string, zone: string, after: string, count = 1): string[] {
  return nextSlots(readExpression(text), zone, new Date(after), count).map((slot) => slot.toISOString());
}

describe('a slot', () => {
  test('that clocks skip runs once, at the first minute after the gap', () => {
    expect(next('nightly at 02:30', 'America/New_York', '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-08T07:00:00.000Z', // 03:00 there
      '2026-03-09T06:30:00.000Z',
    ]);
    expect(next('every 15 minutes', 'Europe/Berlin', '2026-03-29T00:40:00Z', 3)).toEqual([
      '2026-03-29T00:45:00.000Z',
      '2026-03-29T01:00:00.000Z', // 03:00, and 02:00 to 02:45 with it
      '2026-03-29T01:15:00.000Z',
    ]);
    expect(next('nightly at 02:15', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z')).toEqual([
      '2026-10-03T15:30:00.000Z',
    ]);
  });

  test('that clocks show twice runs once, the first time', () => {
    expect(next('nightly at 01:30', 'America/New_York', '2026-11-01T00:00:00Z', 2)).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-02T06:30:00.000Z',
    ]);
    expect(next('hourly', 'Europe/Berlin', '2026-10-25T00:00:00Z', 2)).toEqual([
      '2026-10-25T02:00:00.000Z', // 03:00: it showed 02:00 twice
      '2026-10-25T03:00:00.000Z',
    ]);
  });

  test('at midnight is at its own date where clocks change over midnight', () => {
    // Sao Paulo went from Saturday 24:00 to Sunday 01:00, and back from Sunday 00:00 to Saturday 23:00.
    expect(next('sundays at 00:00', 'America/Sao_Paulo', '2018-11-03T12:00:00Z')).toEqual(['2018-11-04T03:00:00.000Z']);
    expect(next('saturdays at 23:30', 'America/Sao_Paulo', '2018-02-17T12:00:00Z', 2)).toEqual([
      '2018-02-18T01:30:00.000Z',
      '2018-02-25T02:30:00.000Z',
    ]);
  });

  test('of a day that a zone does not have is none', () => {
    expect(next('nightly at 02:00', 'Pacific/Apia', '2011-12-29T00:00:00Z', 2)).toEqual([
      '2011-12-29T12:00:00.000Z',
      '2011-12-30T12:00:00.000Z', // the 31st there
    ]);
  });

  test('of a rare date is found at once, over a century that has no leap day', () => {
    expect(next('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z')).toEqual(['2104-02-29T00:00:00.000Z']);
    expect(next('0 0 31 * *', 'UTC', '2026-01-31T00:00:00Z', 2)).toEqual([
      '2026-03-31T00:00:00.000Z',
      '2026-05-31T00:00:00.000Z',
    ]);
  });

  test('suits either day field when both are set, and both where one begins with a star', () => {
    expect(next('0 3 1 * 1', 'UTC', '2026-06-24T00:00:00Z', 3).map((slot) => slot.slice(5, 10))).toEqual([
      '06-29',
      '07-01',
      '07-06',
    ]);
    expect(next('0 3 */2 * 1', 'UTC', '2026-06-24T00:00:00Z', 3).map((slot) => slot.slice(5, 10))).toEqual([
      '06-29',
      '07-13',
      '07-27',
    ]);
  });

  test('knows the first, the third and the last weekday, and the last day of a month', () => {
    expect(next('0 4 * * 0#1', 'UTC', '2026-05-05T00:00:00Z')).toEqual(['2026-06-07T04:00:00.000Z']);
    expect(next('0 4 * * thu#3', 'UTC', '2026-05-05T00:00:00Z')).toEqual(['2026-05-21T04:00:00.000Z']);
    expect(next('0 4 * * 5L', 'UTC', '2026-05-05T00:00:00Z')).toEqual(['2026-05-29T04:00:00.000Z']);
    expect(next('0 4 L * *', 'UTC', '2028-02-05T00:00:00Z')).toEqual(['2028-02-29T04:00:00.000Z']);
  });
});

describe('slots', () => {
  test('know the longest time between them', () => {
    const gap = (text: string, zone = 'UTC') =>
      longestGapMs(readExpression(text), zone, new Date('2026-01-01T00:00:00Z'));
    expect(gap('nightly at 02:00')).toBe(DAY);
    expect(gap('weekdays at 02:00')).toBe(3 * DAY);
    expect(gap('nightly at 02:00', 'Europe/Berlin')).toBe(DAY + HOUR);
    expect(gap('every 15 minutes')).toBe(15 * MINUTE);
    expect(gap('yearly on 1 january at 00:00')).toBe(365 * DAY);
  });

  test('are told of the latest, with a word on those before', () => {
    const [from, until] = [new Date('2000-01-01T00:00:00Z'), new Date('2026-05-01T00:00:00Z')];
    const { slots, hasMore } = latestSlots(readExpression('* * * * *'), 'Europe/Berlin', from, until, 3);
    expect(slots.map((slot) => slot.toISOString().slice(11, 16))).toEqual(['23:58', '23:59', '00:00']);
    expect(hasMore).toBe(true);
    expect(latestSlots(readExpression('@yearly'), 'UTC', new Date('2025-06-01'), until, 3)).toEqual({
      slots: [new Date('2026-01-01T00:00:00Z')],
      hasMore: false,
    });
  });
});

const field = (min: number, max: number): fc.Arbitrary<string> => {
  const number = fc.integer({ min, max });
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const item = fc.oneof(
    number.map(String),
    range,
    fc.tuple(range, fc.integer({ min: 1, max: max - min })).map(([r, s]) => `${r}/${s}`),
  );
  return fc.oneof(
    fc.constant('*'),
    fc.integer({ min: 2, max: max - min }).map((step) => `*/${step}`),
    fc.array(item, { minLength: 1, maxLength: 3 }).map(String),
  );
};

const cron = fc
  .tuple(
    field(0, 59),
    field(0, 23),
    fc.oneof(field(1, 28), fc.constant('*'), fc.constant('L')),
    field(1, 12),
    fc.oneof(field(0, 6), fc.constant('*'), fc.constant('2#2')),
  )
  .map((fields) => fields.join(' '));

/** Another implementation reads a star with a step in a day field as any other list; Vixie's rule, which is ours, as a star. */
function isReadAlike(text: string): boolean {
  const [, , day = '', , weekday = ''] = text.split(' ');
  return day === '*' || weekday === '*' || ![day, weekday].some((each) => each.startsWith('*'));
}

function isPossible(text: string): boolean {
  try {
    return readExpression(text).cron === text;
  } catch (error) {
    if (error instanceof UserError && error.message.includes('no date suits')) return false;
    throw error;
  }
}

test('slots are those of another implementation, away from changes of the clocks', () => {
  const moment = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) }).map((at) => new Date(at));
  const zone = fc.constantFrom(...YEARS.map(([name]) => name));
  fc.assert(
    fc.property(cron.filter(isPossible).filter(isReadAlike), zone, moment, (text, timezone, after) => {
      const ours = nextSlots(readExpression(text), timezone, after, 8);
      const theirs = new Cron(text, { timezone, paused: true }).nextRuns(8, after);
      const clock = readWallClock(
        timezone,
        after.getTime() - DAY,
        Math.min((ours.at(-1) ?? after).getTime(), after.getTime() + 40 * DAY),
      );
      const firstChange = (clock.changes[0] ?? Number.POSITIVE_INFINITY) - 3 * HOUR;
      const until = Math.min(firstChange, after.getTime() + 39 * DAY);
      const early = (slots: readonly Date[]) =>
        slots.filter((slot) => slot.getTime() < until).map((slot) => slot.toISOString());
      expect(early(ours)).toEqual(early(theirs));
    }),
    { numRuns: Number(process.env.SCHEDULE_RUNS ?? 200) },
  );
});

test('slots rise, suit their fields, and are the same however they are asked for', () => {
  const moment = fc.integer({ min: Date.UTC(2011, 0, 1), max: Date.UTC(2030, 0, 1) }).map((at) => new Date(at));
  fc.assert(
    fc.property(
      cron.filter(isPossible),
      fc.constantFrom(...YEARS.map(([name]) => name)),
      moment,
      (text, zone, after) => {
        const expression = readExpression(text);
        const slots = nextSlots(expression, zone, after, 6);
        const last = slots.at(-1);
        if (!last) throw new Error('no date suits');
        for (const [index, slot] of slots.entries()) {
          expect(slot.getTime()).toBeGreaterThan((slots[index - 1] ?? after).getTime());
          expect(slot.getTime() % MINUTE).toBe(0);
        }
        expect(slotsBetween(expression, zone, after, last)).toEqual(slots);
        expect(latestSlots(expression, zone, after, last, 6)).toEqual({ slots, hasMore: false });
      },
    ),
    { numRuns: Number(process.env.SCHEDULE_RUNS ?? 200) },
  );
});
