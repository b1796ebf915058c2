import Table from 'cli-table3';
import { type AppError, ConfigError, exitCodeOf } from '../../errors.ts';
import type { Answer, Tone } from '../answer.ts';
import { createColours } from './colours.ts';
import { plainLine, plainText } from './plain.ts';

export interface RenderOptions {
  readonly colour: boolean;
}

export const MARKS: Readonly<Record<Tone, string>> = { good: '✓', info: '', warning: '!', bad: '✗' };
const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};
const NOTHING = '-';
/** Counts, sizes and lengths of time, which are compared by their ends. */
const MEASURE = /^(-|[\d.,]+ ?([kMGTP]?B|%|files?)?|(\d+(\.\d+)?(ms|[dhms]) ?)+)$/;

/** A message's tone as the colour of its words. */
export function inTone(text: string, tone: Tone, colour: boolean): string {
  const paint = createColours(colour);
  if (tone === 'good') return paint.green(text);
  if (tone === 'warning') return paint.yellow(text);
  return tone === 'bad' ? paint.red(text) : text;
}

export function renderSaid(text: string, tone: Tone, colour: boolean): string {
  return [inTone(MARKS[tone], tone, colour), plainText(text)].filter((piece) => piece !== '').join(' ');
}

function renderTable({ columns, rows }: NonNullable<Answer['table']>, colour: boolean): string {
  const paint = createColours(colour);
  const cells = rows.map((row) => columns.map((_, at) => plainLine(row[at] ?? '') || NOTHING));
  const table = new Table({
    head: columns.map((column) => paint.bold(plainLine(column))),
    colAligns: columns.map((_, at) =>
      cells.length > 0 && cells.every((row) => MEASURE.test(row[at] ?? '')) ? 'right' : 'left',
    ),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...cells);
  return trimLines(table.toString());
}

function renderFields(fields: NonNullable<Answer['fields']>, colour: boolean): string {
  const paint = createColours(colour);
  const width = Math.max(...fields.map(([label]) => plainLine(label).length));
  return fields
    .map(([label, value]) => {
      const lines = plainText(value || NOTHING).split('\n');
      return `${paint.dim(plainLine(label).padEnd(width))}  ${lines.join(`\n${' '.repeat(width + 2)}`)}`;
    })
    .join('\n');
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** An answer as people read it in a terminal; ends with a line feed. */
export function renderAnswer(answer: Answer, { colour }: RenderOptions): string {
  const blocks = [
    answer.text === '' ? undefined : renderSaid(answer.text, answer.tone, colour),
    answer.fields?.length ? renderFields(answer.fields, colour) : undefined,
    answer.table?.rows.length ? renderTable(answer.table, colour) : undefined,
    answer.hint === undefined ? undefined : createColours(colour).dim(plainText(answer.hint)),
  ];
  return `${blocks.filter((block) => block !== undefined).join('\n\n')}\n`;
}

/** What `--json` prints: one document, whatever happened. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function renderError(error: AppError, { colour }: RenderOptions): string {
  const sentences = error instanceof ConfigError ? error.problems : [error.message];
  const lines = sentences.map((sentence) => renderSaid(sentence, 'bad', colour));
  if (error.hint !== undefined) lines.push(createColours(colour).dim(`  ${plainText(error.hint)}`));
  return `${lines.join('\n')}\n`;
}

/** The same for programs that read `--json`. */
export function errorJson(error: AppError): object {
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), exitCode: exitCodeOf(code) } };
}
