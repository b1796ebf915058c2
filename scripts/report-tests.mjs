import { existsSync, readFileSync } from 'node:fs';

/**
 * The last word of .ci/run: `node scripts/report-tests.mjs <results> <results of a second run> <allowed skips> [<failed step>...]`.
 * Reads what vitest's JSON reporter wrote, names each failed test, each test that passed only in a second run, each failed
 * step and each skip that nobody allowed, and ends with the one line `N passed, N failed, N skipped`. A file that was run
 * twice counts by its second run. Exit code 1 unless something passed and nothing failed.
 */
const [resultsFile = '', secondFile = '', allowedFile = '', ...failedSteps] = process.argv.slice(2);

const first = readResults(resultsFile);
const second = readResults(secondFile);
const files = [...first.filter((file) => !second.some(({ name }) => name === file.name)), ...second];
const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed');
const failed = tests.filter((test) => test.status === 'failed');
const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.status));

// a file that cannot be loaded has no tests that could fail
const broken = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
const unexpected = skipped.filter((test) => !readAllowed().has(test.fullName.trim()));

const unsteady = first
  .flatMap((file) => (file.assertionResults.some(isFailed) ? file.assertionResults.filter(isFailed) : nameless(file)))
  .filter(({ fullName }) => !failed.some((test) => test.fullName === fullName));

// a failed run of the tests is one more failure only when no test explains it
const explained = failed.length + broken.length + unsteady.length > 0;
const steps = failedSteps.filter((step) => !step.startsWith('tests') || !explained);

for (const test of unsteady) tell(`passed only in a second run: ${test.fullName}`);

for (const test of failed) tell(`failed: ${test.fullName}`);
for (const file of broken) tell(`failed: ${file.name} could not be run: ${file.message}`);
for (const test of unexpected) tell(`failed: skipped without a line in ${allowedFile}: ${test.fullName}`);
for (const step of steps) tell(`failed: ${step}`);
if (files.length === 0) tell(`failed: there are no results in ${resultsFile}`);

const failures = failed.length + broken.length + unexpected.length + steps.length + (files.length === 0 ? 1 : 0);
const others = skipped.length - unexpected.length;
tell(`${passed.length} passed, ${failures} failed, ${others} skipped`);
process.exitCode = failures === 0 && passed.length > 0 ? 0 : 1;

function readResults(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
}

function isFailed(test) {
  return test.status === 'failed';
}

/** A file that failed as a whole, in place of its tests; nothing when it is as broken in the end. */
function nameless(file) {
  return file.status !== 'failed' || broken.some(({ name }) => name === file.name) ? [] : [{ fullName: file.name }];
}

/** Lines `full name :: reason`; empty lines and those that begin with # are for people. */
function readAllowed() {
  const lines = readFileSync(allowedFile, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return new Set(
    lines.map((line) => {
      const [name = '', reason = ''] = line.split('::').map((half) => half.trim());
      if (name === '' || reason === '') throw new Error(`${allowedFile}: write "full name :: reason", not "${line}"`);
      return name;
    }),
  );
}

function tell(line) {
  process.stdout.write(`${line}\n`);
}
