import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Program, ProgramResult, RunProgram } from '../../../src/program.ts';
import { fewAtOnce } from '../../../src/workspace/kubernetes/few-at-once.ts';

const RESULT: ProgramResult = { exitCode: 0, signal: null, stderr: [], durationMs: 1 };
const program = (key: string): Program => ({ key, command: 'true', args: [] });
const options = { folder: '/nowhere' };

/** Programs that run until they are told to end. */
function heldPrograms() {
  const running = new Map<string, (error?: Error) => void>();
  const run: RunProgram = ({ key }) =>
    new Promise((resolve, reject) => {
      running.set(key, (error) => {
        running.delete(key);
        if (error) reject(error);
        else resolve(RESULT);
      });
    });
  return { run, running };
}

it('lets so many programs run at once, the others in the order in which they came', async () => {
  const { run, running } = heldPrograms();
  const few = fewAtOnce(run, 2);
  const all = ['a', 'b', 'c', 'd'].map((key) => few(program(key), options));
  await turn();
  expect([...running.keys()]).toEqual(['a', 'b']);
  running.get('b')?.();
  await turn();
  expect([...running.keys()]).toEqual(['a', 'c']);
  running.get('a')?.(new Error('it broke'));
  await expect(all[0]).rejects.toThrow('it broke');
  await turn();
  expect([...running.keys()]).toEqual(['c', 'd']);
  for (const end of [...running.values()]) end();
  await Promise.all(all.slice(1));
  const later = few(program('e'), options);
  await turn();
  running.get('e')?.();
  expect(await later).toEqual(RESULT);
});

it('lets one that waits be given up without taking the turn of another', async () => {
  const { run, running } = heldPrograms();
  const few = fewAtOnce(run, 1);
  const first = few(program('a'), options);
  const given = new AbortController();
  const second = few(program('b'), { ...options, signal: given.signal });
  const third = few(program('c'), options);
  given.abort(new Error('not any more'));
  await expect(second).rejects.toThrow('not any more');
  running.get('a')?.();
  await first;
  await turn();
  expect([...running.keys()]).toEqual(['c']);
  running.get('c')?.();
  await third;
});
