import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { removeDeadWriting } from '../../../src/workspace/local/dead-writing.ts';
import { createStateLock } from '../../../src/workspace/local/state-lock.ts';
import { removeState } from '../../../src/workspace/state-file.ts';
import { assertGuardIsBuilt, until } from './bench.ts';

beforeAll(assertGuardIsBuilt);

let folder: string;
const holders: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-lock-'));
});
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const lockOf = (waitMs: number, fence = false) => createStateLock({ folder, clock: systemClock, waitMs, fence });

/** Another process that takes the lock and keeps it. */
async function holdElsewhere(): Promise<ChildProcess> {
  const program = `
    import { createStateLock } from ${JSON.stringify(join(process.cwd(), 'dist/src/workspace/local/state-lock.js'))};
    const clock = { now: () => new Date(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };
    const lock = createStateLock({ folder: process.argv[1], clock, waitMs: 1000, fence: false });
    await lock.hold(() => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holders.push(holder);
  await new Promise((held) => holder.stdout?.once('data', held));
  return holder;
}

it('lets one in at a time, through any number of objects', async () => {
  let inside = 0;
  let most = 0;
  const locks = [lockOf(10_000), lockOf(10_000), lockOf(10_000)];
  const visits = Array.from({ length: 12 }, (_, index) =>
    locks[index % 3]?.hold(async () => {
      inside += 1;
      most = Math.max(most, inside);
      await pause(5);
      inside -= 1;
    }),
  );
  await Promise.all(visits);
  expect(most).toBe(1);
  expect(await readdir(join(folder, 'lock'))).toHaveLength(1);
});

it('is free again after work that failed', async () => {
  await expect(lockOf(100).hold(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await lockOf(100).hold(async () => 'in')).toBe('in');
});

it('is free when its owner is dead, for exactly one', async () => {
  const holder = await holdElsewhere();
  holder.kill('SIGKILL');
  await new Promise((gone) => holder.once('exit', gone));
  const order: number[] = [];
  const enter = (number: number) => lockOf(5_000).hold(async () => void order.push(number));
  await Promise.all([enter(1), enter(2), enter(3)]);
  expect(order.sort()).toEqual([1, 2, 3]);
  expect(readdirSync(join(folder, 'lock')).filter((name) => name.startsWith('draft'))).toEqual([]);
});

it('has what its dead owner was writing removed once, and nothing that is written without it', async () => {
  const options = {
    folder,
    clock: systemClock,
    waitMs: 5_000,
    fence: false,
    afterDeath: () => removeDeadWriting(folder),
  };
  const lock = createStateLock(options);
  const left = [
    'quiet.json.new',
    'swap-op_0000000001.json.new',
    'guard-answer.json.new',
    'snapshots-op_0000000001.json.new',
  ];
  const look = () => lock.hold(async () => (await readdir(folder)).filter((name) => name.endsWith('.new')).sort());
  for (const name of left) await writeFile(join(folder, name), '{');
  expect(await look()).toEqual([...left].sort());
  const holder = await holdElsewhere();
  holder.kill('SIGKILL');
  await new Promise((gone) => holder.once('exit', gone));
  expect(await look()).toEqual(['guard-answer.json.new']);
  await removeState(join(folder, 'guard-answer.json'));
  expect(await look()).toEqual([]);
});

it('is given, and state is removed, also where what was half written cannot be', async () => {
  const inTheWay = join(folder, 'quiet.json.new');
  await mkdir(join(inTheWay, 'inside'), { recursive: true });
  await writeFile(join(folder, 'quiet.json'), '{}');
  const holder = await holdElsewhere();
  holder.kill('SIGKILL');
  await new Promise((gone) => holder.once('exit', gone));
  const options = {
    folder,
    clock: systemClock,
    waitMs: 5_000,
    fence: false,
    afterDeath: () => removeDeadWriting(folder),
  };
  expect(await createStateLock(options).hold(async () => 'in')).toBe('in');
  await removeState(join(folder, 'quiet.json'));
  expect((await readdir(folder)).sort()).toEqual(['lock', 'quiet.json.new']);
});

it('tells who holds it when a living owner keeps it', async () => {
  const holder = await holdElsewhere();
  await expect(lockOf(200).hold(async () => undefined)).rejects.toMatchObject({
    code: 'platform-unavailable',
    retryable: true,
    message: expect.stringContaining(`process ${holder.pid}`),
  });
  expect(holder.exitCode ?? holder.signalCode).toBeNull();
});

it('ends an owner that is stuck, even one that is held, where fencing is allowed', async () => {
  const holder = await holdElsewhere();
  holder.kill('SIGSTOP');
  expect(await lockOf(300, true).hold(async () => 'in')).toBe('in');
  await until('the owner is gone', () => holder.signalCode === 'SIGKILL');
});
