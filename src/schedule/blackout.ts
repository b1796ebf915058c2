import { UserError } from '../errors.ts';
import { DAY_MS, wallOf } from './zone.ts';

/** Dates of a zone on which nothing begins: one, or from one to another, both included. */
export interface Blackout {
  readonly text: string;
  /** Midnights on the wall. */
  readonly from: number;
  readonly until: number;
}

/** Reads `2026-12-24` or `2026-12-24..2026-12-26`. @throws UserError `bad-input`. */
export function readBlackout(text: string): Blackout {
  const [first = '', last = first, ...rest] = text.split('..').map((date) => date.trim());
  const [from, until] = [readDate(first), readDate(last)];
  if (from === undefined || until === undefined || rest.length > 0) {
    const wrong = from === undefined ? first : until === undefined ? last : text;
    throw mistake(`"${wrong}" is not a date.`, 'Write 2026-12-24, or 2026-12-24..2026-12-26.');
  }
  if (until < from) throw mistake(`"${text}" ends before it begins.`, `Write ${last}..${first}.`);
  return { text: text.trim(), from, until };
}

/** The blackout that a moment falls into. */
export function blackoutAt(blackouts: readonly Blackout[], zone: string, at: Date): Blackout | undefined {
  const day = Math.floor(wallOf(zone, at.getTime()) / DAY_MS) * DAY_MS;
  return blackouts.find(({ from, until }) => from <= day && day <= until);
}

export function isBlackout(blackouts: readonly Blackout[], zone: string, at: Date): boolean {
  return blackoutAt(blackouts, zone, at) !== undefined;
}

function readDate(text: string): number | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const isReal = !Number.isNaN(date) && new Date(date).toISOString().startsWith(text);
  return isReal ? date : undefined;
}

function mistake(sentence: string, hint: string): UserError {
  return new UserError('bad-input', sentence, { hint });
}
