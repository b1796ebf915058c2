import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { findProcesses } from '../../../src/workspace/local/find-processes.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import { assertGuardIsBuilt, type Bench, makeBench, OPERATION, until } from './bench.ts';

beforeAll(assertGuardIsBuilt);

let bench: Bench;
const servers: ChildProcess[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
  await bench.dispose();
});

const note: RunningNote = {
  operationId: OPERATION,
  notedAt: '2026-01-01T00:00:00.000Z',
  services: [{ name: 'db', ready: true }],
};

/** Runs for as long as a file stands, and writes down what happens to it. */
function slowToStop(root: string, stop: string, more: object = {}) {
  const say = (what: string) => `echo ${what} >> ${root}/story`;
  return {
    name: 'db',
    start: ['sh', '-c', `touch ${root}/runs; ${say('started')}`],
    stop: ['sh', '-c', `${say('stopping')}; ${stop}; rm -f ${root}/runs; ${say('stopped')}`],
    status: ['test', '-e', join(root, 'runs')],
    ...more,
  };
}

const story = () => readFileSync(join(bench.root, 'story'), 'utf8').trim().split('\n');
const isStopping = () => until('it is stopping', () => story().includes('stopping'));
const stopsLeft = () => findProcesses({ marks: [`CML_STATE=${bench.folder}`] }).length;

it('starts a service anew whose stop outlived a killed process', async () => {
  bench = await makeBench((root) => ({ services: [slowToStop(root, 'sleep 1.5')] }));
  await bench.platform.start(note);
  await writeFile(join(bench.root, 'stop.json'), JSON.stringify({ ...bench.options, note }));
  const program = `
    import { readFileSync } from 'node:fs';
    import { createLocalPlatform } from ${JSON.stringify(join(process.cwd(), 'dist/src/workspace/local/platform.js'))};
    const { note, ...options } = JSON.parse(readFileSync(process.argv[1], 'utf8'));
    const clock = { now: () => new Date(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };
    await createLocalPlatform({ ...options, clock, workFolder: () => '/nowhere' }).stop(note);
  `;
  const server = spawn(process.execPath, ['--input-type=module', '-e', program, join(bench.root, 'stop.json')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  servers.push(server);
  await isStopping();
  server.kill('SIGKILL');
  await bench.platform.start(note);
  expect(story()).toEqual(['started', 'stopping', 'stopped', 'started']);
  expect(existsSync(join(bench.root, 'runs'))).toBe(true);
  await bench.again().start(note);
  expect(story()).toHaveLength(4);
});

it('starts a service anew whose stop nobody waits for any more', async () => {
  bench = await makeBench((root) => ({ services: [slowToStop(root, 'sleep 1')] }));
  await bench.platform.start(note);
  const giveUp = new AbortController();
  const stopping = bench.platform.stop(note, { signal: giveUp.signal });
  await isStopping();
  giveUp.abort(new Error('given up'));
  await expect(stopping).rejects.toThrow('given up');
  await bench.platform.start(note);
  expect(story()).toEqual(['started', 'stopping', 'stopped', 'started']);
});

it('ends a stop that goes on for longer than it may, and starts the service', async () => {
  bench = await makeBench((root) => ({ services: [slowToStop(root, 'sleep 1000', { stopWithin: '10m' })] }));
  await bench.platform.start(note);
  const giveUp = new AbortController();
  const stopping = bench.platform.stop(note, { signal: giveUp.signal });
  await isStopping();
  giveUp.abort(new Error('given up'));
  await expect(stopping).rejects.toThrow('given up');
  const [db] = bench.options.settings.services;
  const settings = {
    ...bench.options.settings,
    services: db && 'stopWithin' in db ? [{ ...db, stopWithin: 300 }] : [],
  };
  await bench.again({ settings }).start(note);
  expect(stopsLeft()).toBe(0);
  expect(story()).toEqual(['started', 'stopping', 'started']);
});
