import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identify } from '../../../src/process-identity.ts';
import { runCommand } from '../../../src/workspace/local/run-command.ts';
import { until } from './bench.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-command-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (script: string, timeoutMs: number, signal?: AbortSignal) =>
  runCommand(['sh', '-c', script], { folder, timeoutMs, output: join(folder, 'output'), signal });
const child = () => Number(readFileSync(join(folder, 'child'), 'utf8'));
const isBegun = () => until('it has begun', () => existsSync(join(folder, 'child')) && child() > 0);

it('answers whether a command succeeded', async () => {
  expect(await run('exit 0', 10_000)).toBe(true);
  expect(await run('exit 3', 10_000)).toBe(false);
  expect(await run('kill -9 $$', 10_000)).toBe(false);
});

it('says which command cannot be started', async () => {
  const options = { timeoutMs: 1_000, output: join(folder, 'output') };
  await expect(runCommand(['/nowhere/command'], options)).rejects.toThrow('"/nowhere/command" could not be started');
});

it('ends everything that a command started when it takes too long', async () => {
  const running = run('sleep 1000 & echo $! > child; wait', 1_000);
  await expect(running).rejects.toMatchObject({ code: 'platform-unavailable', retryable: true });
  expect(identify(child())).toBeUndefined();
});

it('kills a command that does not obey', async () => {
  const running = run('trap "" TERM; echo $$ > child; while :; do sleep 0.05; done', 500);
  await expect(running).rejects.toThrow('did not end within 500 ms');
  expect(identify(child())).toBeUndefined();
}, 20_000);

it('ends everything that a command started when it is aborted', async () => {
  const giveUp = new AbortController();
  const running = run('sleep 1000 & echo $! > child; wait', 60_000, giveUp.signal);
  await isBegun();
  giveUp.abort(new Error('given up'));
  await expect(running).rejects.toThrow('given up');
  expect(identify(child())).toBeUndefined();
});
