import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', 'scripts', 'report-tests.mjs');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cml-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Results {
  readonly statuses: Readonly<Record<string, string>>;
  readonly allowed?: string;
  readonly failedSteps?: readonly string[];
  readonly brokenFile?: boolean;
  /** By test, how the file ended when it was run once more. */
  readonly again?: Readonly<Record<string, string>>;
}

function fileOf(name: string, statuses: Readonly<Record<string, string>>) {
  const assertionResults = Object.entries(statuses).map(([fullName, status]) => ({ fullName, status }));
  return { name, status: Object.values(statuses).includes('failed') ? 'failed' : 'passed', assertionResults };
}

/** The closing line and the exit code for these results. */
function report({ statuses, allowed = '', failedSteps = [], brokenFile = false, again }: Results) {
  const results = join(folder, 'results.json');
  const skips = join(folder, 'allowed');
  const second = join(folder, 'again.json');
  const testResults = [fileOf('a', statuses)];
  if (brokenFile) testResults.push({ name: 'b', status: 'failed', assertionResults: [] });
  writeFileSync(results, JSON.stringify({ testResults }));
  if (again) writeFileSync(second, JSON.stringify({ testResults: [fileOf(brokenFile ? 'b' : 'a', again)] }));
  writeFileSync(skips, allowed);
  const ended = spawnSync(process.execPath, [SCRIPT, results, second, skips, ...failedSteps], { encoding: 'utf8' });
  const lines = ended.stdout.trimEnd().split('\n');
  return { closing: lines.at(-1), lines, exitCode: ended.status, stderr: ended.stderr };
}

test('is green when everything passed', () => {
  expect(report({ statuses: { a: 'passed', b: 'passed' } })).toMatchObject({
    closing: '2 passed, 0 failed, 0 skipped',
    exitCode: 0,
  });
});

test('is red when a test failed, and does not count the step that ran it once more', () => {
  expect(report({ statuses: { a: 'passed', b: 'failed' }, failedSteps: ['tests'] })).toMatchObject({
    closing: '1 passed, 1 failed, 0 skipped',
    exitCode: 1,
  });
});

test('is red when a step failed that no test explains', () => {
  expect(report({ statuses: { a: 'passed' }, failedSteps: ['lint'] })).toMatchObject({
    closing: '1 passed, 1 failed, 0 skipped',
    exitCode: 1,
  });
  expect(report({ statuses: { a: 'passed' }, failedSteps: ['tests'] }).exitCode).toBe(1);
});

test('is red when a file of tests could not be loaded', () => {
  expect(report({ statuses: { a: 'passed' }, brokenFile: true })).toMatchObject({
    closing: '1 passed, 1 failed, 0 skipped',
    exitCode: 1,
  });
});

test('counts a file that was run twice by its second run, and names what passed only then', () => {
  const statuses = { a: 'passed', b: 'failed' };
  const failedSteps = ['tests'];
  const steady = report({ statuses, failedSteps, again: { a: 'passed', b: 'passed' } });
  expect(steady).toMatchObject({ closing: '2 passed, 0 failed, 0 skipped', exitCode: 0 });
  expect(steady.lines).toContain('passed only in a second run: b');
  const other = report({ statuses, failedSteps: ['tests', 'tests again'], again: { a: 'failed', b: 'passed' } });
  expect(other).toMatchObject({ closing: '1 passed, 1 failed, 0 skipped', exitCode: 1 });
  expect(other.lines).toContain('failed: a');
});

test('takes a file that could be loaded only in a second run', () => {
  const told = report({ statuses: { a: 'passed' }, brokenFile: true, failedSteps: ['tests'], again: { b: 'passed' } });
  expect(told).toMatchObject({ closing: '2 passed, 0 failed, 0 skipped', exitCode: 0 });
  expect(told.lines).toContain('passed only in a second run: b');
});

test('is red when only the second run failed', () => {
  const told = report({ statuses: { a: 'failed' }, failedSteps: ['tests', 'tests again'] });
  expect(told).toMatchObject({ closing: '0 passed, 1 failed, 0 skipped', exitCode: 1 });
});

test('lets a skip through only when it is listed with its reason', () => {
  const statuses = { a: 'passed', 'group b': 'skipped', c: 'todo' };
  const allowed = '# for people\n\ngroup b :: needs root\n';
  expect(report({ statuses, allowed })).toMatchObject({ closing: '1 passed, 1 failed, 1 skipped', exitCode: 1 });
  expect(report({ statuses, allowed: `${allowed}c :: not built yet\n` })).toMatchObject({
    closing: '1 passed, 0 failed, 2 skipped',
    exitCode: 0,
  });
  expect(report({ statuses, allowed: 'group b ::\n' }).stderr).toContain('write "full name :: reason"');
});

test('is red when no test ran', () => {
  expect(report({ statuses: {} })).toMatchObject({ closing: '0 passed, 0 failed, 0 skipped', exitCode: 1 });
});
