import { expect, test } from 'vitest';
import { keepPages } from '../../src/catalog/lowdb/kept-pages.ts';

function world() {
  let version = 0;
  const looks: string[] = [];
  const pageFor = keepPages<string>(() => version);
  const ask = (asked: string) =>
    pageFor(asked, () => {
      looks.push(asked);
      return { entries: [`${asked} ${version}`], hasMore: false };
    }).entries[0];
  return {
    ask,
    looks,
    change: () => {
      version += 1;
    },
  };
}

test('looks once for each question, until something changes', () => {
  const { ask, looks, change } = world();
  expect([ask('one'), ask('two'), ask('one')]).toEqual(['one 0', 'two 0', 'one 0']);
  expect(looks).toEqual(['one', 'two']);
  change();
  expect([ask('one'), ask('two')]).toEqual(['one 1', 'two 1']);
});

test('keeps the hundred that were asked for last', () => {
  const { ask, looks } = world();
  for (let nth = 0; nth < 100; nth += 1) ask(`question ${nth}`);
  ask('question 0');
  ask('another');
  expect(looks).toHaveLength(101);
  ask('question 0');
  expect(looks).toHaveLength(101);
  ask('question 1');
  expect(looks).toHaveLength(102);
});
