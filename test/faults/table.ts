import Table from 'cli-table3';
import type { Operation } from '../../src/records/operation.ts';
import type { FaultBench, Here } from './fault-bench.ts';
import { readBackups } from './judge.ts';

export interface Row {
  readonly fault: string;
  readonly injected: string;
  readonly expected: string;
  /** Plays it; answers what was seen, and throws when that is not what was expected. */
  play(here: Here): Promise<string>;
}

/** What became of it, in the table's words. */
export async function tell(bench: FaultBench, operation?: Pick<Operation, 'status' | 'error'>): Promise<string> {
  const completed = (await readBackups(bench)).filter(({ status }) => status === 'completed').length;
  return [
    ...(operation ? [`${operation.status}${operation.error ? ` (${operation.error.code})` : ''}`] : []),
    bench.isUp() ? 'services up' : 'services DOWN',
    (await bench.pages()) === '' ? 'nobody paged' : 'people paged',
    `${completed} completed`,
  ].join(', ');
}

export function writeTable(rows: readonly Row[], seen: ReadonlyMap<Row, string>): string {
  const table = new Table({
    head: ['fault', 'injected how', 'expected', 'seen'],
    colWidths: [34, 44, 46, 52],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([row.fault, row.injected, row.expected, seen.get(row) ?? 'NOT AS EXPECTED']);
  return table.toString();
}
