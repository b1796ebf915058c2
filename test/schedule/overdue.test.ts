import { expect, test } from 'vitest';
import { judgeFreshness, whatToSay } from '../../src/schedule/overdue.ts';

const HOUR = 3_600_000;
const at = (text: string) => new Date(`2026-11-${text}:00.000Z`);
const iso = (text: string) => at(text).toISOString();
const settings = (when: string, blackout: string[] = []) => ({ settings: { when, zone: 'UTC', blackout } });
const nightly = settings('nightly at 02:00');
const weekdays = settings('weekdays 01:30');
const pause = { by: 'alice', at: iso('20T09:00'), reason: 'move of the filer' };

test('a workspace is overdue when the interval of its schedule and a half has passed, or its own RPO', () => {
  const facts = { schedules: [nightly], since: iso('22T02:00') };
  expect(judgeFreshness({ ...facts, now: at('23T14:00') })).toMatchObject({ is: 'fresh', dueAt: iso('23T14:00') });
  expect(judgeFreshness({ ...facts, now: at('23T14:01') })).toMatchObject({ is: 'overdue', rpoMs: 36 * HOUR });
  expect(judgeFreshness({ ...facts, rpoMs: 48 * HOUR, now: at('23T14:01') })).toMatchObject({ is: 'fresh' });
  expect(judgeFreshness({ ...facts, schedules: [], rpoMs: HOUR, now: at('22T03:01') })).toMatchObject({
    is: 'overdue',
  });
});

test('over a weekend the longest interval counts, and of two schedules the one that is due first', () => {
  const facts = { since: iso('20T01:30'), now: at('23T14:00') };
  expect(judgeFreshness({ ...facts, schedules: [weekdays] })).toMatchObject({ is: 'fresh', rpoMs: 108 * HOUR });
  expect(judgeFreshness({ ...facts, schedules: [weekdays, nightly] })).toMatchObject({ is: 'overdue' });
});

test('blackout dates put it off: half an interval after the first slot that may make a backup again', () => {
  const quiet = settings('nightly at 02:00', ['2026-11-23..2026-11-25']);
  const facts = { schedules: [quiet], since: iso('22T02:00') };
  expect(judgeFreshness({ ...facts, now: at('26T13:59') })).toMatchObject({ is: 'fresh', dueAt: iso('26T14:00') });
  expect(judgeFreshness({ ...facts, now: at('26T14:01') })).toMatchObject({ is: 'overdue' });
});

test('one that is paused, or that nobody said anything of, is never overdue', () => {
  const facts = { since: iso('01T02:00'), now: at('23T14:00') };
  expect(judgeFreshness({ ...facts, schedules: [] })).toEqual({ is: 'unwatched' });
  const paused = { ...nightly, paused: pause };
  expect(judgeFreshness({ ...facts, rpoMs: HOUR, schedules: [paused] })).toEqual({ is: 'paused', ...pause });
  expect(judgeFreshness({ ...facts, schedules: [paused, weekdays] })).toMatchObject({ rpoMs: 108 * HOUR });
});

test('it is said at first, then once a day, also by a clock that jumps, and once that it is over', () => {
  const overdue = { is: 'overdue', rpoMs: HOUR, dueAt: iso('20T10:00') } as const;
  const fresh = { ...overdue, is: 'fresh' } as const;
  const said = { since: iso('20T10:00'), saidAt: iso('20T10:01') };
  expect(whatToSay(overdue, undefined, at('20T10:01'))).toBe('overdue');
  expect(whatToSay(overdue, said, at('21T10:00'))).toBeUndefined();
  expect(whatToSay(overdue, said, at('21T10:01'))).toBe('overdue');
  expect(whatToSay(overdue, said, at('19T10:00'))).toBe('overdue');
  expect(whatToSay(fresh, said, at('20T11:00'))).toBe('over');
  expect(whatToSay(fresh, undefined, at('20T11:00'))).toBeUndefined();
  expect(whatToSay({ is: 'unwatched' }, said, at('20T11:00'))).toBe('over');
});
