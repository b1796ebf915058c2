import { afterAll, describe, test, vi } from 'vitest';
import { writeTable } from '../write-table.ts';
import { answerRows } from './answer-rows.ts';
import { endRows } from './end-rows.ts';
import { refusalRows } from './refusal-rows.ts';
import { restoreRows } from './restore-rows.ts';
import type { Row } from './row.ts';

// Far beyond what a row takes: they run beside each other, and mostly wait.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 60_000, maxConcurrency: 4 });

/** `CDP_FAULTS=1` plays all of them. */
const plays = (row: Row) => process.env.CDP_FAULTS === '1' || row.isSampled;
const rows: readonly Row[] = [...answerRows, ...refusalRows, ...endRows, ...restoreRows].filter(plays);
const played = new Set<Row>();
const seen = new Map<Row, string>();

describe.concurrent('faults of a control plane', () => {
  for (const row of rows) {
    describe.concurrent(row.fault, () => {
      test.concurrent(row.expected, async (here) => {
        played.add(row);
        seen.set(row, await row.play(here));
      });
    });
  }

  afterAll(() => process.stdout.write(`\n${writeTable([...played], seen)}\n`));
});
