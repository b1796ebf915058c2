import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * `node scripts/failed-test-files.mjs <results> <most>`: the files in which something failed, one per line; none of them
 * when there are more than `most`, nor when the run was cut off before it wrote its results.
 */
const [resultsFile = '', most = '0'] = process.argv.slice(2);

const files = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')).testResults : [];
const failed = files.filter((file) => file.status === 'failed').map((file) => relative('.', file.name));
if (failed.length <= Number(most)) for (const name of failed) process.stdout.write(`${name}\n`);
