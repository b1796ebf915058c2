import Table from 'cli-table3';

export interface TableRow {
  readonly fault: string;
  readonly injected: string;
  readonly expected: string;
}

export function writeTable<Told extends TableRow>(rows: readonly Told[], seen: ReadonlyMap<Told, string>): string {
  const table = new Table({
    head: ['fault', 'injected how', 'expected', 'seen'],
    colWidths: [34, 44, 46, 52],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([row.fault, row.injected, row.expected, seen.get(row) ?? 'NOT AS EXPECTED']);
  return table.toString();
}
