import type { KnownBlock, TableBlock } from '@slack/types';
import { type AppError, ConfigError } from '../../errors.ts';
import type { Answer, Tone } from '../answer.ts';
import { asMessageText, cut, inSlackWords } from './escape.ts';
import { type Piece, preformatted, richText } from './rich-text.ts';
import { wholeText } from './whole-text.ts';

/** Something to post: `text` says everything on its own, since readers of screens hear nothing else. */
export interface Rendered {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export interface RenderedAnswer extends Rendered {
  /** All of it, where a message cannot hold that. */
  readonly whole?: string;
}

/** With a word, since colours and pictures are not seen by all. */
export const TONE_WORDS: Readonly<Record<Tone, string>> = { good: '✅ ', info: '', warning: '⚠️ ', bad: '❌ ' };

/** Source: docs.slack.dev/reference/block-kit/blocks/table-block; characters over all tables of a message. */
const TABLE = { rows: 100, columns: 20, characters: 10_000, cell: 300 };
const MOST_FIELDS = 60;
const MOST_DRAWN = 2_500;
const NOTHING = '–';

type Table = NonNullable<Answer['table']>;

function withoutColumn({ columns, rows, dispensable = [] }: Table, column: string): Table {
  const at = columns.indexOf(column);
  const kept = (row: readonly string[]) => row.filter((_, index) => index !== at);
  return {
    columns: kept(columns),
    rows: rows.map(kept),
    dispensable: dispensable.filter((name) => name !== column),
  };
}

/** What every row says the same about, or nothing, is not worth a column on a telephone. */
function withoutEmptyColumns(table: Table): Table {
  const empty = table.columns.filter((_, at) => table.rows.every((row) => (row[at] ?? '') === ''));
  return empty.reduce(withoutColumn, table);
}

const lengthOf = (row: readonly string[]) => row.reduce((sum, cell) => sum + Math.min(cell.length, TABLE.cell) + 1, 0);

/** As much of a table as one message holds: first columns that can be spared go, then rows. */
function fitTable(table: Table): { fitted: Table; left: number } {
  let fitted = withoutEmptyColumns(table);
  const total = ({ columns, rows }: Table) => rows.reduce((sum, row) => sum + lengthOf(row), lengthOf(columns));
  for (const column of fitted.dispensable ?? []) {
    if (total(fitted) > TABLE.characters || fitted.columns.length > TABLE.columns)
      fitted = withoutColumn(fitted, column);
  }
  let characters = lengthOf(fitted.columns);
  const rows = fitted.rows.slice(0, TABLE.rows - 1).filter((row) => {
    characters += lengthOf(row);
    return characters <= TABLE.characters;
  });
  return { fitted: { ...fitted, rows }, left: table.rows.length - rows.length };
}

function renderTable({ columns, rows }: Table): TableBlock {
  const cells = (row: readonly string[]) =>
    row
      .slice(0, TABLE.columns)
      .map((cell) => ({ type: 'raw_text' as const, text: cut(inSlackWords(cell), TABLE.cell) || NOTHING }));
  return {
    type: 'table',
    rows: [cells(columns), ...rows.map(cells)],
    column_settings: columns.slice(0, TABLE.columns).map(() => ({ is_wrapped: true })),
  };
}

function fieldLine([label, value]: readonly [string, string]): Piece[] {
  return label === '' ? [{ text: `• ${value}` }] : [{ text: label, style: { bold: true } }, { text: `: ${value}` }];
}

/** All of it as one text, the likeliest to matter first. */
function asText({ text, tone, fields = [], table, hint }: Answer): string {
  const lines = fields.map(([label, value]) => (label === '' ? `• ${value}` : `${label}: ${value}`));
  const rows = (table?.rows ?? []).map((row) => row.filter((cell) => cell !== '').join(' · '));
  return [`${TONE_WORDS[tone]}${text}`, ...(hint === undefined ? [] : [hint]), ...lines, ...rows].join('\n').trim();
}

/** An answer as a message of Slack, within all of its limits. */
export function renderAnswer(answer: Answer): RenderedAnswer {
  const { text, tone, drawing = [], fields = [], table, hint } = answer;
  const { fitted, left } = table ? fitTable(table) : { fitted: undefined, left: 0 };
  const more = left > 0 ? [[{ text: `… and ${left.toLocaleString('en')} more.` }]] : [];
  const drawn = cut(drawing.join('\n'), MOST_DRAWN);
  const shown = fields.slice(0, MOST_FIELDS).map(fieldLine);
  const rest = fields.length > MOST_FIELDS ? [[{ text: `… and ${fields.length - MOST_FIELDS} more.` }]] : [];
  const ends: Piece[][] = [
    ...more,
    ...(hint === undefined ? [] : [[{ text: hint, style: { italic: true } as const }]]),
  ];
  const blocks: KnownBlock[] = [
    ...(text === '' ? [] : [richText([[{ text: `${TONE_WORDS[tone]}${text}` }]])]),
    ...(drawn.trim() === '' ? [] : [preformatted(drawn)]),
    ...(shown.length > 0 ? [richText([...shown, ...rest])] : []),
    ...(fitted && fitted.rows.length > 0 && fitted.columns.length > 0 ? [renderTable(fitted)] : []),
    ...(ends.length > 0 ? [richText(ends)] : []),
  ];
  const isWhole = left === 0 && rest.length === 0;
  const rendered = { text: asMessageText(asText(answer)) || NOTHING, blocks };
  return isWhole ? rendered : { ...rendered, whole: wholeText(answer) };
}

/** Why something was refused, kindly, and what to do. */
export function renderRefusal(error: AppError): Rendered {
  const sentences = error instanceof ConfigError ? error.problems : [error.message];
  const { hint } = error;
  return renderAnswer({
    text: sentences.join('\n'),
    tone: 'bad',
    json: null,
    ...(hint === undefined ? {} : { hint }),
  });
}
