import { describe, expect, test } from 'vitest';
import { type Due, type DueState, decideDue } from '../../src/schedule/decide-due.ts';
import { jitterOf } from '../../src/schedule/jitter.ts';
import { type ScheduleSettings, scheduleSettings } from '../../src/schedule/settings.ts';
import { live } from './simulate.ts';
import { DAY, HOUR, MINUTE } from './wall-clock.ts';

function schedule(more: Record<string, unknown> = {}): ScheduleSettings {
  return scheduleSettings.parse({
    does: 'backup',
    when: 'nightly at 02:00',
    zone: 'UTC',
    window: '22:00-05:00',
    ...more,
  });
}

function decide(
  now: string,
  more: Record<string, unknown> = {},
  state: Partial<DueState> = {},
  forecastMs?: number,
): Due {
  const looked = {
    id: 'ml/nightly',
    lastSlotAt: '2026-05-03T02:00:00Z',
    lastFiredAt: '2026-05-03T02:00:01Z',
    ...state,
  };
  return decideDue({ settings: schedule(more), state: looked, now: new Date(now), forecastMs });
}

const slotAt = new Date('2026-05-04T02:00:00Z');
const nextAt = new Date('2026-05-05T02:00:00Z');

describe('a slot that is looked at', () => {
  test('is waited for until its minute', () => {
    expect(decide('2026-05-04T01:59:59Z')).toEqual({ type: 'wait', nextAt: slotAt });
    expect(decide('2026-05-04T02:00:00Z')).toEqual({ type: 'fire', slotAt, isLate: false });
    expect(decide('2026-05-04T02:01:59Z')).toEqual({ type: 'fire', slotAt, isLate: false });
  });

  test('is done once it is on record', () => {
    expect(decide('2026-05-04T02:00:01Z', {}, { lastSlotAt: slotAt.toISOString() })).toEqual({ type: 'wait', nextAt });
  });

  test('of a new schedule is not caught up', () => {
    expect(decide('2026-05-04T02:30:00Z', {}, { lastSlotAt: undefined })).toEqual({ type: 'wait', nextAt });
    expect(decide('2026-05-04T02:00:20Z', {}, { lastSlotAt: undefined })).toMatchObject({ type: 'fire' });
  });

  test('begins later by its jitter, and the same at each look', () => {
    const jitterMs = jitterOf('ml/nightly', slotAt, 30 * MINUTE);
    const begins = new Date(slotAt.getTime() + jitterMs);
    expect(jitterMs).toBeGreaterThan(0);
    expect(decide('2026-05-04T02:00:00Z', { jitter: '30m' })).toEqual({ type: 'wait', nextAt: begins });
    expect(decide(begins.toISOString(), { jitter: '30m' })).toMatchObject({ type: 'fire', slotAt, isLate: false });
  });
});

describe('a late slot', () => {
  test('runs at once while its window is open', () => {
    expect(decide('2026-05-04T04:30:00Z')).toEqual({ type: 'fire', slotAt, isLate: true });
  });

  test('is missed once its window has closed', () => {
    const missed = decide('2026-05-04T05:00:00Z');
    expect(missed).toMatchObject({ type: 'missed', slots: [slotAt], nextAt });
    expect(missed).toHaveProperty('because', expect.stringContaining('its window closed at Mon 4 May 2026 05:00 UTC'));
    expect(decide('2026-05-04T23:00:00Z')).toMatchObject({ type: 'missed', slots: [slotAt] });
  });

  test('is missed when the next one is near', () => {
    const often = { when: 'every 6 hours', window: undefined };
    const state = { lastSlotAt: '2026-05-04T00:00:00Z' };
    expect(decide('2026-05-04T11:30:00Z', often, state)).toMatchObject({ type: 'fire', isLate: true });
    expect(decide('2026-05-04T11:31:00Z', often, state)).toMatchObject({ type: 'missed' });
    expect(decide('2026-05-04T10:00:00Z', often, state, 3 * HOUR)).toMatchObject({ type: 'missed' });
  });

  test('that comes often needs no more room than half of what lies between', () => {
    const often = { when: 'every 15 minutes', window: undefined };
    const state = { lastSlotAt: '2026-05-04T01:45:00Z' };
    expect(decide('2026-05-04T02:07:00Z', often, state)).toMatchObject({ type: 'fire', isLate: true });
    expect(decide('2026-05-04T02:08:00Z', often, state)).toMatchObject({ type: 'missed' });
  });

  test('is only reported where that is wanted', () => {
    expect(decide('2026-05-04T02:03:00Z', { misfire: 'report' })).toMatchObject({ type: 'missed', slots: [slotAt] });
    expect(decide('2026-05-04T02:01:00Z', { misfire: 'report' })).toMatchObject({ type: 'fire' });
  });

  test('is missed when newer ones have come, and only the newest runs', () => {
    const state = { lastSlotAt: '2026-05-01T02:00:00Z' };
    const missed = decide('2026-05-04T03:00:00Z', {}, state);
    expect(missed).toMatchObject({ type: 'missed', hasMore: false });
    expect(missed).toHaveProperty('slots', [new Date('2026-05-02T02:00:00Z'), new Date('2026-05-03T02:00:00Z')]);
    expect(decide('2026-05-04T03:00:00Z')).toEqual({ type: 'fire', slotAt, isLate: true });
  });

  test('is one of twenty that are told of, however long the server was down', () => {
    const often = { when: 'every 15 minutes', window: undefined };
    const missed = decide('2026-05-04T02:00:00Z', often, { lastSlotAt: '2016-05-04T02:00:00Z' });
    expect(missed).toMatchObject({ type: 'missed', hasMore: true });
    expect(missed.type === 'missed' && missed.slots).toHaveLength(20);
  });
});

describe('a slot that is not to run', () => {
  test('is skipped while the schedule is paused, and not caught up when it goes on', () => {
    expect(decide('2026-05-04T02:00:00Z', {}, { paused: { by: 'ada' } })).toEqual({
      type: 'skip',
      slotAt,
      because: 'paused by ada',
    });
    const from = Date.parse('2026-05-01T00:00:00Z');
    const life = live({
      settings: schedule(),
      from,
      until: from + 5 * DAY,
      paused: [from + DAY, from + 2 * DAY + 3 * HOUR],
    });
    expect(life.skipped.map(({ slotAt }) => slotAt)).toEqual([from + DAY + 2 * HOUR, from + 2 * DAY + 2 * HOUR]);
    expect(life.fired.map(({ at }) => at)).toEqual([0, 3, 4].map((day) => from + day * DAY + 2 * HOUR));
    expect(life.missed).toEqual([]);
  });

  test('is skipped once when somebody said so', () => {
    const skip = { slotAt: '2026-05-04T02:00:00.000Z', by: 'bob' };
    expect(decide('2026-05-04T02:00:00Z', {}, { skip })).toEqual({ type: 'skip', slotAt, because: 'skipped by bob' });
    expect(decide('2026-05-05T02:00:00Z', {}, { skip, lastSlotAt: slotAt.toISOString() })).toMatchObject({
      type: 'fire',
    });
  });

  test('is not told of as missed afterwards', () => {
    const skip = { slotAt: '2026-05-04T02:00:00.000Z', by: 'bob' };
    const later = decide('2026-05-06T02:00:00Z', { blackout: ['2026-05-05'] }, { skip });
    expect(later).toEqual({ type: 'skip', slotAt: nextAt, because: 'nothing begins on 2026-05-05' });
  });

  test('is skipped on a blackout date of its zone', () => {
    const more = { when: 'nightly at 23:30', zone: 'Asia/Kolkata', blackout: ['2026-12-24..2026-12-26'] };
    const from = Date.parse('2026-12-20T00:00:00Z');
    const life = live({ settings: schedule(more), from, until: from + 10 * DAY });
    const dates = life.skipped.map(({ slotAt }) => new Date(slotAt).toISOString());
    expect(dates).toEqual(['24', '25', '26'].map((day) => `2026-12-${day}T18:00:00.000Z`));
    expect(life.fired).toHaveLength(7);
  });

  test('does not run late on a blackout date either', () => {
    const more = { when: 'nightly at 23:30', blackout: ['2026-12-24'] };
    const late = decide('2026-12-24T00:30:00Z', more, { lastSlotAt: '2026-12-22T23:30:00Z' });
    expect(late).toMatchObject({ type: 'missed', because: expect.stringContaining('2026-12-24') });
  });
});

describe('a record that is ahead of the clock', () => {
  const now = '2026-05-04T01:00:00Z';
  const ahead = (lastSlotAt: string, lastFiredAt: string) => decide(now, {}, { lastSlotAt, lastFiredAt });

  test('is waited for when its slot did run and is near', () => {
    expect(ahead('2026-05-04T02:00:00Z', '2026-05-04T02:00:01Z')).toEqual({ type: 'wait', nextAt });
  });

  test('counts no more when its slot never ran, or is far', () => {
    const looksFromNow = { type: 'clock-went-back', lookFrom: new Date(now) };
    expect(ahead('2026-05-04T02:00:00Z', '2026-05-03T02:00:01Z')).toEqual(looksFromNow);
    expect(ahead('2026-05-04T04:00:00Z', '2026-05-04T04:00:01Z')).toEqual(looksFromNow);
  });
});

describe('a window', () => {
  test('makes a run that would not end inside it put off, or begin with a warning', () => {
    expect(decide('2026-05-04T02:00:00Z', { tooLong: 'put-off' }, {}, 3 * HOUR)).toMatchObject({ type: 'fire' });
    const putOff = decide('2026-05-04T02:00:00Z', { tooLong: 'put-off' }, {}, 4 * HOUR);
    expect(putOff).toMatchObject({ type: 'skip', slotAt, because: expect.stringContaining('about 4h by past runs') });
    const warned = decide('2026-05-04T02:00:00Z', { tooLong: 'start' }, {}, 4 * HOUR);
    expect(warned).toMatchObject({
      type: 'fire',
      warning: expect.stringContaining('closes at Mon 4 May 2026 05:00 UTC'),
    });
  });

  test('is never left for the notice, whatever the policy', () => {
    expect(decide('2026-05-04T04:29:00Z', { notice: '30m' })).toMatchObject({ type: 'fire' });
    expect(decide('2026-05-04T04:30:00Z', { notice: '30m' })).toMatchObject({ type: 'missed', slots: [slotAt] });
  });

  test('that clocks take away makes a slot missed, and says so', () => {
    const berlin = { when: 'nightly at 02:15', zone: 'Europe/Berlin', window: '22:00-02:45' };
    const missed = decide('2026-03-29T01:00:00Z', berlin, { lastSlotAt: '2026-03-28T01:15:00Z' });
    expect(missed).toMatchObject({ type: 'missed', because: 'Sun 29 Mar 2026 03:00 CEST is outside of its window' });
  });
});

test('spreads a fleet over its jitter in whole minutes', () => {
  const all = Array.from({ length: 600 }, (_, at) => jitterOf(`workspace-${at}/nightly`, slotAt, 10 * MINUTE));
  const counts = Array.from({ length: 11 }, (_, minute) => all.filter((ms) => ms === minute * MINUTE).length);
  expect(Math.min(...counts)).toBeGreaterThan(30);
  expect(counts.reduce((sum, count) => sum + count)).toBe(600);
  expect(jitterOf('ml/nightly', slotAt, 0)).toBe(0);
});
