import Table from 'cli-table3';
import type { Answer } from '../answer.ts';
import { createColours } from './colours.ts';
import { plainLine, plainText } from './plain.ts';
import { type Reading, wrapped } from './reading.ts';

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};
const NOTHING = '-';
/** Counts, sizes and lengths of time, which are compared by their ends. */
const MEASURE = /^(-|[\d.,]+ ?([kMGTP]?B|%|files?)?|(\d+(\.\d+)?(ms|[dhms]) ?)+)$/;
/** A column that is narrower cannot be read with ease. */
const NARROWEST = 24;
const GAP = 2;

type TableOf = NonNullable<Answer['table']>;

interface Grid {
  readonly heads: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

/**
 * A table where there is room for one, if need be with its widest column in several lines and without columns that can
 * be done without; else one row below the other.
 */
export function renderTable({ columns, rows, dispensable = [] }: TableOf, reading: Reading): string {
  const whole: Grid = {
    heads: columns.map(plainLine),
    cells: rows.map((row) => columns.map((_, at) => plainLine(row[at] ?? '') || NOTHING)),
  };
  const room = reading.columns;
  if (room === undefined) return drawTable(whole, reading);
  for (let left = 0; left <= dispensable.length; left += 1) {
    const names = dispensable.slice(0, left);
    const grid = without(whole, names);
    const narrowed = narrow(grid, room);
    if (narrowed === 'no room') continue;
    const table = drawTable(grid, reading, narrowed);
    const note = wrapped(`Left out for want of room: ${names.join(', ')}.`, room);
    return left === 0 ? table : `${table}\n\n${createColours(reading.colour).dim(note)}`;
  }
  return stackRows(whole, reading);
}

interface Narrowed {
  readonly at: number;
  readonly width: number;
}

/** How wide the widest column may be; undefined where all have room. */
function narrow(grid: Grid, room: number): Narrowed | undefined | 'no room' {
  const widths = widthsOf(grid);
  const tooWide = widthOf(grid) - room;
  if (tooWide <= 0) return undefined;
  const most = Math.max(...widths);
  return most - tooWide >= NARROWEST ? { at: widths.indexOf(most), width: most - tooWide } : 'no room';
}

function widthsOf({ heads, cells }: Grid): number[] {
  return heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
}

function widthOf(grid: Grid): number {
  return widthsOf(grid).reduce((sum, one) => sum + one + GAP, -GAP);
}

function without({ heads, cells }: Grid, names: readonly string[]): Grid {
  const isKept = (_: string, at: number) => !names.includes(heads[at] ?? '');
  return { heads: heads.filter(isKept), cells: cells.map((row) => row.filter(isKept)) };
}

function stackRows({ heads, cells }: Grid, reading: Reading): string {
  const records = cells.map((row) => {
    const fields = heads.map((head, at): [string, string] => [head, row[at] ?? '']);
    return renderFields(
      fields.filter(([, value]) => value !== NOTHING),
      reading,
    );
  });
  return records.join('\n\n');
}

function drawTable({ heads, cells }: Grid, { colour }: Reading, narrowed?: Narrowed): string {
  const paint = createColours(colour);
  const table = new Table({
    head: heads.map((head) => paint.bold(head)),
    colAligns: heads.map((_, at) =>
      cells.length > 0 && cells.every((row) => MEASURE.test(row[at] ?? '')) ? 'right' : 'left',
    ),
    colWidths: heads.map((_, at) => (at === narrowed?.at ? narrowed.width : null)),
    wordWrap: narrowed !== undefined,
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...cells.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Labels at the left, what they say beside them, or below where there is no room beside. */
export function renderFields(fields: NonNullable<Answer['fields']>, { colour, columns }: Reading): string {
  const paint = createColours(colour);
  const width = Math.max(...fields.map(([label]) => plainLine(label).length));
  const isBelow = columns !== undefined && columns - width - GAP < NARROWEST;
  const indent = ' '.repeat(isBelow ? GAP : width + GAP);
  return fields
    .map(([label, value]) => {
      const text = wrapped(plainText(value || NOTHING), columns, indent);
      const name = plainLine(label);
      if (!isBelow) return `${paint.dim(name.padEnd(width))}${' '.repeat(GAP)}${text}`;
      return name === '' ? `${indent}${text}` : `${paint.dim(name)}\n${indent}${text}`;
    })
    .join('\n');
}
