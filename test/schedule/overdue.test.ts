import { expect, test } from 'vitest';
import { judgeFreshness, usualRpoMs, whatToSay } from '../../src/schedule/overdue.ts';

const HOUR = 3_600_000;
const at = (text: string) => new Date(`2026-11-${text}:00.000Z`);
const iso = (text: string) => at(text).toISOString();
const nightly = [at('23T02:00'), at('24T02:00'), at('25T02:00')];
const weekdays = ['20', '23', '24', '25', '26', '27', '30'].map((day) => at(`${day}T01:30`));
const pause = { by: 'alice', at: iso('20T09:00'), reason: 'move of the filer' };

test('the interval of a schedule and a half may pass, and over a weekend the longest one counts', () => {
  expect(usualRpoMs(nightly)).toBe(36 * HOUR);
  expect(usualRpoMs(weekdays)).toBe(108 * HOUR);
  expect(usualRpoMs([...weekdays.toReversed(), at('22T01:30'), at('28T01:30')])).toBe(72 * HOUR);
  expect(usualRpoMs([at('23T02:00')])).toBeUndefined();
});

test('a workspace is overdue once its newest backup is older than that, or than its own RPO', () => {
  const facts = { schedules: [{ slots: nightly }], since: iso('22T02:00') };
  expect(judgeFreshness({ ...facts, now: at('23T14:00') })).toMatchObject({ is: 'fresh', dueAt: iso('23T14:00') });
  expect(judgeFreshness({ ...facts, now: at('23T14:01') })).toMatchObject({ is: 'overdue', rpoMs: 36 * HOUR });
  expect(judgeFreshness({ ...facts, rpoMs: 48 * HOUR, now: at('23T14:01') })).toMatchObject({ is: 'fresh' });
  expect(judgeFreshness({ ...facts, schedules: [], rpoMs: HOUR, now: at('22T03:01') })).toMatchObject({
    is: 'overdue',
  });
});

test('one that is paused, or that nobody said anything of, is never overdue', () => {
  const facts = { since: iso('01T02:00'), now: at('23T14:00') };
  expect(judgeFreshness({ ...facts, schedules: [] })).toEqual({ is: 'unwatched' });
  const paused = { slots: nightly, paused: pause };
  expect(judgeFreshness({ ...facts, rpoMs: HOUR, schedules: [paused] })).toEqual({ is: 'paused', ...pause });
  expect(judgeFreshness({ ...facts, schedules: [paused, { slots: weekdays }] })).toMatchObject({ rpoMs: 108 * HOUR });
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
