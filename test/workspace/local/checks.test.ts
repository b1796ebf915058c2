import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeBench, OPERATION } from './bench.ts';

const COUNT = ['sh', '-c', 'while read -r table rows; do echo "$table $rows"; done <"$PWD/rows"'];

async function given(check: object) {
  const bench = await makeBench((root) => ({
    volumes: [{ name: 'data', path: root }],
    checks: [{ name: 'rows', command: ['sh', '-c', 'echo users 3; ls "$CML_SCRATCH"'], folder: root, ...check }],
  }));
  onTestFinished(() => bench.dispose());
  const { platform, root } = bench;
  const count = (moment: 'before' | 'after') => platform.countAtCut(OPERATION, moment, join(root, 'work'));
  return { platform, root, count };
}

test('counts in the live workspace anew each time, also when it is asked the same again', async () => {
  const { root, count } = await given({ atCut: COUNT });
  await writeFile(join(root, 'rows'), 'users 3\njobs 5\n');
  expect(await count('before')).toEqual([{ check: 'rows', counts: { users: 3, jobs: 5 } }]);
  await writeFile(join(root, 'rows'), 'users 4\njobs 5\n');
  expect(await count('before')).toEqual([{ check: 'rows', counts: { users: 4, jobs: 5 } }]);
  expect(await count('after')).toEqual([{ check: 'rows', counts: { users: 4, jobs: 5 } }]);
});

test('says what could not be counted, and refuses nothing for it', async () => {
  const failing = await given({ atCut: ['sh', '-c', 'echo no such database >&2; exit 2'] });
  expect(await failing.count('before')).toEqual([{ check: 'rows', problem: 'no such database' }]);
  const missing = await given({ atCut: ['/nowhere/psql'] });
  expect(await missing.count('before')).toEqual([{ check: 'rows', problem: expect.any(String) }]);
});

test('counts nothing where no check says how, and answers what checks count in what came back', async () => {
  const { platform, root, count } = await given({});
  expect(await count('before')).toEqual([]);
  const scratch = await platform.makeScratch(OPERATION, [{ name: 'data', bytes: 1 }]);
  const found = await platform.runChecks(OPERATION, scratch, join(root, 'work'));
  expect(found).toEqual([{ check: 'rows', counts: { users: 3 } }]);
});
