import { afterAll, describe, test, vi } from 'vitest';
import { diskRows } from './disk-rows.ts';
import { repositoryRows } from './repository-rows.ts';
import { restoreRows } from './restore-rows.ts';
import { serverRows } from './server-rows.ts';
import { serviceRows } from './service-rows.ts';
import { writeTable } from './table.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 60_000, maxConcurrency: 6 });

const isRoot = process.getuid?.() === 0;
const rows = [...diskRows, ...repositoryRows, ...serviceRows, ...serverRows, ...restoreRows];
const seen = new Map<(typeof rows)[number], string>();

// Mounting, and processes of other users, need root.
describe.skipIf(!isRoot).concurrent('faults', () => {
  for (const row of rows) {
    describe.concurrent(row.fault, () => {
      test.concurrent(row.expected, async (here) => {
        seen.set(row, await row.play(here));
      });
    });
  }

  afterAll(() => process.stdout.write(`\n${writeTable(rows, seen)}\n`));
});
