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

/** A table where there is room for one; else its widest column in several lines; else one row below the other. */
export function renderTable({ columns, rows }: TableOf, reading: Reading): string {
  const cells = rows.map((row) => columns.map((_, at) => plainLine(row[at] ?? '') || NOTHING));
  const heads = columns.map(plainLine);
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const width = widths.reduce((sum, one) => sum + one + GAP, -GAP);
  if (reading.columns === undefined || width <= reading.columns) return drawTable(heads, cells, reading);
  const widest = widths.indexOf(Math.max(...widths));
  const room = reading.columns - (width - (widths[widest] ?? 0));
  if (room >= NARROWEST) return drawTable(heads, cells, reading, { at: widest, width: room });
  const records = cells.map((row) => {
    const known = heads.map((head, at): [string, string] => [head, row[at] ?? '']);
    return renderFields(
      known.filter(([, value]) => value !== NOTHING),
      reading,
    );
  });
  return records.join('\n\n');
}

function drawTable(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
  { colour }: Reading,
  narrowed?: { readonly at: number; readonly width: number },
): string {
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
