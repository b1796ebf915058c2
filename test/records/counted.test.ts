import { expect, test } from 'vitest';
import { besideCut, readCounts, tellMiscounts } from '../../src/records/counted.ts';

test('reads a name and a number from each line, as psql and people write them, and passes over the rest', () => {
  const lines = ['users 12', ' projects | 7', 'jobs=0', 'models: 3', 'NOTICE: nothing', '', '4', 'size 1.5', 'x -1'];
  expect(readCounts(lines)).toEqual({ users: 12, projects: 7, jobs: 0, models: 3 });
});

test('compares only what was counted on both sides of the cut', () => {
  const before = [
    { check: 'rows', counts: { users: 1 } },
    { check: 'files', problem: 'no answer' },
  ];
  expect(besideCut(before, [{ check: 'rows', problem: 'no answer' }])).toEqual([]);
  expect(besideCut(before, [{ check: 'rows', counts: { users: 2 } }])).toEqual([
    { check: 'rows', before: { users: 1 }, after: { users: 2 } },
  ]);
});

test('accepts what lies between both counts, and names what does not', () => {
  const atCut = { check: 'rows', before: { users: 12, jobs: 5, models: 3 }, after: { users: 12, jobs: 7, models: 3 } };
  expect(tellMiscounts(atCut, { users: 12, jobs: 6, models: 3 })).toEqual([]);
  expect(tellMiscounts(atCut, { users: 11, jobs: 8 })).toEqual([
    'users: 11 came back, 12 stood there at the cut',
    'jobs: 8 came back, 5 to 7 stood there at the cut',
    'models: nothing came back, 3 stood there at the cut',
  ]);
});
