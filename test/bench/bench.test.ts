import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BENCH = resolve('dist/bench/bench.js');
let base: string;

beforeEach(async () => {
  if (!existsSync(BENCH)) throw new Error(`${BENCH} is missing: run \`npm run build\` first`);
  base = await mkdtemp(join(tmpdir(), 'cml-bench-test-'));
});

afterEach(() => rm(base, { recursive: true, force: true }));

/** A run with its own folder for temporary files, so that what it leaves is seen. */
function begin(words: readonly string[]) {
  const child = spawn(process.execPath, [BENCH, ...words, '--out', join(base, 'out')], {
    env: { ...process.env, TMPDIR: base },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const heard = (text: string) => {
    said += text;
  };
  child.stdout.setEncoding('utf8').on('data', heard);
  child.stderr.setEncoding('utf8').on('data', heard);
  return { child, said: () => said, ended: once(child, 'exit').then(([code]) => code as number | null) };
}

const left = async () => (await readdir(base)).filter((name) => name.startsWith('cml-bench-'));

describe('the benchmark', () => {
  it('measures a small restore and memory from end to end, writes its report with a picture, and leaves nothing', async () => {
    const run = begin(['--small', '--only', 'restore,memory']);
    expect([0, 1], run.said()).toContain(await run.ended);
    const report = await readFile(join(base, 'out', 'RESULTS.md'), 'utf8');
    expect(report).toMatch(
      /\| restore step \(without counting\) \/ bare restic, the largest tree \| ≤ 1\.050 \| \d\.\d{3} \| (yes|\*\*no\*\*) \|/,
    );
    expect(report).not.toContain('not measured');
    expect(report).toMatch(/\| everything loaded \| < 300 MB \| \d+ MB \|/);
    expect(report).toContain('| fill |');
    expect(report).toContain('restic 0.');
    expect(await readFile(join(base, 'out', 'pictures', 'restore.svg'), 'utf8')).toContain('bare restic');
    expect(await left()).toEqual([]);
  }, 120_000);

  it('ends what it started and removes everything when it is interrupted', async () => {
    const run = begin(['--small', '--only', 'cancel']);
    while (!/cancel: /.test(run.said())) await Promise.race([once(run.child.stdout, 'data'), run.ended]);
    const [folder] = await left();
    run.child.kill('SIGINT');
    expect(await run.ended, run.said()).toBe(130);
    expect(folder).toBeDefined();
    expect(await left()).toEqual([]);
  }, 60_000);

  it('refuses a row that there is none of', async () => {
    const run = begin(['--only', 'speed']);
    expect(await run.ended).toBe(2);
    expect(run.said()).toContain('there is no row "speed"; there are: copies');
  });
});
