import { expect, test } from 'vitest';
import { keepPages } from '../../src/catalog/lowdb/kept-pages.ts';

function world() {
  const looks: string[] = [];
  const { find, forget } = keepPages<string>();
  let nth = 0;
  const ask = (asked: string) => {
    const isOfIt = (entry: string) => entry.startsWith(asked);
    const look = () => {
      looks.push(asked);
      nth += 1;
      return { entries: [`look ${nth}`], hasMore: false };
    };
    return find(asked, isOfIt, look).entries[0];
  };
  return { ask, looks, forget };
}

test('looks once for each question, until something that it asks for changes', () => {
  const { ask, looks, forget } = world();
  expect([ask('one'), ask('two'), ask('one')]).toEqual(['look 1', 'look 2', 'look 1']);
  forget('one of them');
  expect([ask('one'), ask('two')]).toEqual(['look 3', 'look 2']);
  expect(looks).toEqual(['one', 'two', 'one']);
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
