import type { Answer } from '../answer.ts';

/** All of an answer as one text with its table in columns, for a file. */
export function wholeText({ text, fields = [], table, hint }: Answer): string {
  const lines = fields.map(([label, value]) => (label === '' ? `- ${value}` : `${label}: ${value}`));
  const parts = [
    [text],
    lines,
    table ? inColumns([table.columns, ...table.rows]) : [],
    hint === undefined ? [] : [hint],
  ];
  return `${parts
    .filter((part) => part.length > 0 && part[0] !== '')
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('\n', ' ')));
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
