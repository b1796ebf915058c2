import { afterAll, describe, test, vi } from 'vitest';
import { diskRows } from './disk-rows.ts';
import { repositoryRows } from './repository-rows.ts';
import { restoreRows } from './restore-rows.ts';
import { serverRows } from './server-rows.ts';
import { serviceRows } from './service-rows.ts';
import type { Row } from './table.ts';
import { writeTable } from './write-table.ts';

// Far beyond what a row takes: they run beside each other, and mostly wait.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000, maxConcurrency: 6 });

const isRoot = process.getuid?.() === 0;
const rows: readonly Row[] = [...diskRows, ...repositoryRows, ...serviceRows, ...serverRows, ...restoreRows];
const played = new Set<Row>();
const seen = new Map<Row, string>();

describe.concurrent('faults', () => {
  if (!isRoot) test.skip('are injected', () => undefined);
  for (const row of isRoot ? rows : []) {
    describe.concurrent(row.fault, () => {
      test.concurrent(row.expected, async (here) => {
        played.add(row);
        seen.set(row, await row.play(here));
      });
    });
  }

  afterAll(() => process.stdout.write(`\n${writeTable([...played], seen)}\n`));
});
