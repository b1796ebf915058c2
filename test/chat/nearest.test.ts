import { expect, test } from 'vitest';
import { nearest, suggest } from '../../src/nearest.ts';

test.each([
  ['bakcup', 'backup'],
  ['BACKUP', 'backup'],
  ['stat', 'status'],
  ['rest', 'restore'],
  ['lst', 'list'],
])('%s is taken for %s', (written, meant) => {
  expect(nearest(written, ['backup', 'restore', 'list', 'status'])).toBe(meant);
});

test.each(['', 'x', 'approve', 'zz'])('"%s" is like nothing known', (written) => {
  expect(nearest(written, ['backup', 'restore', 'list', 'status'])).toBeUndefined();
});

test('has no suggestion where nothing is known', () => {
  expect(nearest('backup', [])).toBeUndefined();
  expect(suggest('zz', ['team-ml'], 'See "list".')).toBe('See "list".');
  expect(suggest('teem-ml', ['team-ml'], 'See "list".')).toBe('Did you mean "team-ml"?');
});
