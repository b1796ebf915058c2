import { afterAll } from 'vitest';

interface Line {
  readonly row: string;
  readonly capture: string;
  readonly expected: string;
  readonly seen: string;
}

/** Collects what was expected and what was seen, one line a row, and prints it when the file's tests are over. */
export function createTable(title: string) {
  const lines: Line[] = [];
  afterAll(() => {
    const columns = ['row', 'capture', 'expected', 'seen'] as const;
    const all = [{ row: 'row', capture: 'capture', expected: 'expected', seen: 'seen' }, ...lines];
    const widths = columns.map((column) => Math.max(...all.map((line) => line[column].length)));
    const text = all.map((line) => columns.map((column, index) => line[column].padEnd(widths[index] ?? 0)).join('  '));
    process.stdout.write(`\n${title}\n${text.map((line) => line.trimEnd()).join('\n')}\n`);
  });
  return {
    add(line: Line): void {
      lines.push(line);
    },
  };
}
