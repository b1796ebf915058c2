import parse from 'parse-duration';
import prettyMilliseconds from 'pretty-ms';
import { z } from 'zod';

/** A moment: ISO 8601 in UTC, as written by `Date.toISOString`. */
export const moment = z.iso.datetime({ offset: true });

const HINT = 'write a length of time such as 90s, 10m, 1h30m or 2d';

/** Reads a length of time the human way (`10m`, `1h 30m`, `2 days`) into milliseconds; a bare 0 is allowed. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!/^(\d+([.,]\d+)?\s*[a-z]+\s*)+$/i.test(trimmed)) return undefined;
  const ms = parse(trimmed);
  return ms === null || !Number.isFinite(ms) || ms < 0 ? undefined : Math.round(ms);
}

/** A length of time in milliseconds; text is read the human way. */
export const duration = z.union([z.number().nonnegative(), z.string()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value : parseDuration(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `"${value}" is not a length of time: ${HINT}` });
  return z.NEVER;
});

/** `1h 4m`, `12.3s`, `0.4s`: how we write every length of time. */
export function writeDuration(ms: number): string {
  return prettyMilliseconds(Math.max(0, ms), ms < 60_000 ? { secondsDecimalDigits: 1 } : { secondsDecimalDigits: 0 });
}
