import { afterAll, describe, test, vi } from 'vitest';
import { writeTable } from '../../faults/write-table.ts';
import { approvalRows } from './approval-fault-rows.ts';
import { deliveryRows } from './delivery-fault-rows.ts';
import { messageRows, type Row } from './fault-rows.ts';

// Far beyond what a row takes: they run beside each other, and mostly wait.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 6 });

const rows: readonly Row[] = [...messageRows, ...deliveryRows, ...approvalRows];
const played = new Set<Row>();
const seen = new Map<Row, string>();

describe.concurrent('faults of Slack', () => {
  for (const row of rows) {
    describe.concurrent(row.fault, () => {
      test.concurrent(row.expected, async () => {
        played.add(row);
        seen.set(row, await row.play());
      });
    });
  }

  afterAll(() => process.stdout.write(`\n${writeTable([...played], seen)}\n`));
});
