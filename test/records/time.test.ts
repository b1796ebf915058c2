import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNewId } from '../../src/records/ids.ts';
import { identityOf } from '../../src/records/person.ts';
import { duration, parseDuration, writeDuration } from '../../src/records/time.ts';

describe('lengths of time', () => {
  test('are read the human way', () => {
    expect(['90s', '10m', '1h30m', '1h 30m', '2 days', '0', '1.5h'].map(parseDuration)).toEqual([
      90_000, 600_000, 5_400_000, 5_400_000, 172_800_000, 0, 5_400_000,
    ]);
  });

  test.each(['', 'soon', '10', '-5m', '10 parsecs', 'm10'])('"%s" is refused with a hint', (text) => {
    const read = duration.safeParse(text);
    expect(read.success).toBe(false);
    expect(read.error?.issues[0]?.message).toContain('such as 90s, 10m, 1h30m or 2d');
  });

  test('whole seconds come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 * 30 }), (seconds) => {
        expect(parseDuration(writeDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

test('ids sort by age and never collide within a second by chance alone', () => {
  let at = 0;
  const newId = createNewId(
    () => new Date(1_700_000_000_000 + at),
    () => (at % 1000) / 1000,
  );
  const ids = Array.from({ length: 1000 }, () => {
    at += 1001;
    return newId('op');
  });
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('people are one human when the operating system or their token says so', () => {
  const root = { name: 'root', proof: 'uid' as const, uid: 0 };
  expect(identityOf(root)).toBe(identityOf({ ...root, name: 'alice' }));
  expect(identityOf({ ...root, proof: 'token' })).not.toBe(identityOf(root));
});
