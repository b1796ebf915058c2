import cronstrue from 'cronstrue';
import { UserError } from '../errors.ts';
import { type CronFields, readCron } from './cron.ts';
import { daysFrom } from './days.ts';
import { cronOf } from './plain-words.ts';

/** When a schedule runs, read from cron or from plain words: both become the same. */
export interface Expression {
  /** As people wrote it. */
  readonly text: string;
  readonly cron: string;
  /** What it was understood as: "At 02:00, every day". */
  readonly words: string;
  /** A day of the month and a day of the week are both given: cron has rules for it that few people know. */
  readonly hasBothDayFields: boolean;
  readonly fields: CronFields;
}

/** A map, because a record also knows words that nobody put into it. */
const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

/** @throws UserError `bad-input` with a sentence that quotes what was written. */
export function readExpression(text: string): Expression {
  const written = text.trim();
  const cron = NICKNAMES.get(written.toLowerCase()) ?? (looksLikeCron(written) ? written : cronOf(written));
  const fields = readCron(cron, written);
  const [, , day = '', , weekday = ''] = cron.split(/\s+/);
  const hasBothDayFields = ![day, weekday].some((field) => field === '*' || field === '?');
  if (daysFrom(fields, Date.UTC(2024, 0, 1), 1).next().done) {
    throw new UserError('bad-input', `"${written}" can never run: no date suits both of its day fields.`, {
      hint: 'Write * for one of them.',
    });
  }
  return {
    text: written,
    cron,
    words: wordsOf(cron, hasBothDayFields && !fields.needsBothDays),
    hasBothDayFields,
    fields,
  };
}

function looksLikeCron(text: string): boolean {
  return /^[\d*?][\d*?/,-]*\s+[\d*?]/.test(text) || /[*?]/.test(text);
}

function wordsOf(cron: string, suitsEither: boolean): string {
  try {
    const words = cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: true });
    return suitsEither ? words.replace(', and on ', ', or on ') : words;
  } catch (cause) {
    throw new UserError('bad-input', `"${cron}" is not a cron expression.`, { cause, hint: 'Such as "0 2 * * 1-5".' });
  }
}
