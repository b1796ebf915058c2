import type { Operation } from '../../src/records/operation.ts';
import type { FaultBench, Here } from './fault-bench.ts';
import { readBackups } from './judge.ts';
import type { TableRow } from './write-table.ts';

export interface Row extends TableRow {
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
