import { type AppError, ConfigError, exitCodeOf } from '../../errors.ts';
import type { Answer, Tone } from '../answer.ts';
import { createColours } from './colours.ts';
import { plainText } from './plain.ts';
import { localText, type Reading, wrapped, zoneNote } from './reading.ts';
import { renderFields, renderTable } from './render-table.ts';

export const MARKS: Readonly<Record<Tone, string>> = { good: '✓', info: '', warning: '!', bad: '✗' };

/** A message's tone as the colour of its words. */
export function inTone(text: string, tone: Tone, colour: boolean): string {
  const paint = createColours(colour);
  if (tone === 'good') return paint.green(text);
  if (tone === 'warning') return paint.yellow(text);
  return tone === 'bad' ? paint.red(text) : text;
}

function renderText(text: string, tone: Tone, { colour, columns }: Reading): string {
  const marked = [MARKS[tone], plainText(text)].filter((piece) => piece !== '').join(' ');
  const lines = wrapped(marked, columns);
  return MARKS[tone] === '' ? lines : lines.replace(MARKS[tone], inTone(MARKS[tone], tone, colour));
}

/** One thing that was said, on its own: the zone of its times stands behind it. */
export function renderSaid(text: string, tone: Tone, reading: Reading): string {
  const zone = zoneNote([text], reading);
  return renderText([localText(text, reading), zone].filter((piece) => piece !== undefined).join(' '), tone, reading);
}

/** An answer as people read it in a terminal; ends with a line feed. */
export function renderAnswer(answer: Answer, reading: Reading): string {
  if (answer.isDocument) return `${answer.text}\n`;
  const { text, tone, drawing = [], fields = [], table = { columns: [], rows: [] }, hint } = answer;
  const local = (words: string) => localText(words, reading);
  const dim = (words: string) => createColours(reading.colour).dim(wrapped(plainText(words), reading.columns));
  const rows = table.rows.map((row) => row.map(local));
  const zone = zoneNote([text, ...fields.flat(), ...table.rows.flat(), hint ?? ''], reading);
  const blocks = [
    text === '' ? undefined : renderText(local(text), tone, reading),
    drawing.length > 0 ? drawing.map(plainText).join('\n') : undefined,
    fields.length > 0
      ? renderFields(
          fields.map(([label, value]) => [label, local(value)]),
          reading,
        )
      : undefined,
    rows.length > 0 ? renderTable({ ...table, rows }, reading) : undefined,
    hint === undefined ? undefined : dim(local(hint)),
    zone === undefined ? undefined : dim(zone),
  ];
  return `${blocks.filter((block) => block !== undefined).join('\n\n')}\n`;
}

/** What `--json` prints: one document, whatever happened. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function renderError(error: AppError, reading: Reading): string {
  const sentences = error instanceof ConfigError ? error.problems : [error.message];
  const lines = sentences.map((sentence) => renderSaid(sentence, 'bad', reading));
  if (error.hint !== undefined) {
    const hint = wrapped(plainText(localText(error.hint, reading)), reading.columns, '  ');
    lines.push(createColours(reading.colour).dim(`  ${hint}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The same for programs that read `--json`. */
export function errorJson(error: AppError): object {
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), exitCode: exitCodeOf(code) } };
}
