import { expect, test } from 'vitest';
import { createSample } from '../../src/mover/restic/content-sample.ts';

const file = (path: string) => ({ path, facts: ['file', '644', '0:0', '1', '0.0', ''] });
const OF = 5;

/** The share that each name of a place is in. */
function sharesOf(paths: readonly string[], place = 0) {
  return Array.from({ length: OF }, (_, share) => {
    const sample = createSample({ share, of: OF });
    for (const path of paths) sample.add(file(path));
    return sample.of(place);
  });
}

test('every folder of the second depth, and every file above, is in one share', () => {
  const projects = Array.from({ length: 200 }, (_, at) => `0/projects/${at}`);
  const paths = projects.flatMap((path) => [`${path}/a`, `${path}/deep/er/b`]);
  const shares = sharesOf([...paths, '0/top', '0/projects/readme', '1/other/x/y']);
  const names = shares.flatMap((share) => share ?? []);
  expect(names.sort()).toEqual([...projects.map((path) => path.slice(1)), '/top', '/projects/readme'].sort());
  for (const share of shares) expect(share?.length).toBeGreaterThan(20);
  expect(sharesOf(paths, 2).flat()).toEqual([]);
});

test('a name that means something in a pattern means itself, and a byte that is no UTF-8 may be any', () => {
  const names = sharesOf(['0/em[p]ty*/a', '0/we\\ird ?/b', '0/bad\ufffd']).flat();
  expect(names.sort()).toEqual(['/bad?', '/em\\[p\\]ty\\*/a', '/we\\\\ird \\?/b']);
});

test('what has too many names is told by those of the first depth, and is read whole where these are too many as well', () => {
  const long = (at: number) => `${at}-${'x'.repeat(200)}`;
  const flat = Array.from({ length: 1_000 }, (_, at) => `0/folder/${long(at)}`);
  expect(
    sharesOf([...flat, '0/few/a'])
      .flat()
      .sort(),
  ).toEqual(['/few', '/folder']);
  const wide = Array.from({ length: 1_000 }, (_, at) => `0/${long(at)}/a`);
  expect(sharesOf(wide)).toEqual(Array.from({ length: OF }, () => undefined));
});
