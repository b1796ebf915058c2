import prettyBytes from 'pretty-bytes';
import type { OperationKind } from '../../records/operation.ts';

const KINDS = {
  backup: 'backup',
  restore: 'restore',
  'restore-in-place': 'restore',
  'restore-by-vendor': 'restore',
  undo: 'undo',
  delete: 'deletion',
  verify: 'verification',
  retention: 'retention',
  prune: 'prune',
  check: 'repository check',
} as const;

/** `deletion`: an operation of this kind, as a noun. */
export function writeKind(kind: OperationKind): string {
  return KINDS[kind];
}

/** `a deletion`, `an undo`. */
export function withArticle(kind: OperationKind): string {
  return `${/^[aeiou]/.test(writeKind(kind)) ? 'an' : 'a'} ${writeKind(kind)}`;
}

/** `2.03 GB`, `17 kB`: how we write every size, from bytes. */
export function writeSize(bytes: number): string {
  return prettyBytes(bytes);
}

/**
 * A name from somebody's disk, such that it neither breaks a line, nor turns the text around, nor steers a terminal: what
 * cannot be seen stands as its number.
 */
export function writeName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

/** `1 file`, `2,041 files`. */
export function writeCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/**
 * `2026-11-22 22:01 UTC`: a moment as everybody reads it the same. A chat that knows where its reader is turns it into
 * theirs with `inTimeZone`.
 */
export function writeMoment(moment: string | Date): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A moment in our sentences, as `writeMoment` writes it; what people wrote may look like one and be none. */
export const MOMENT = /\b(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])) ((?:[01]\d|2[0-3]):[0-5]\d) UTC\b/g;

/** A text with its moments as the clocks of a time zone show them, without the zone's name: that is told beside. */
export function inTimeZone(text: string, timeZone: string): { readonly text: string; readonly hasMoments: boolean } {
  // Sweden writes a moment as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  let hasMoments = false;
  const local = text.replace(MOMENT, (_, day: string, time: string) => {
    hasMoments = true;
    return format.format(new Date(`${day}T${time}:00Z`));
  });
  return { text: local, hasMoments };
}

/**
 * `bob`, `bob (before the upgrade)`, `the schedule nightly`: who asked, and why. What a schedule begins carries its name as
 * the reason.
 */
export function writeAsker(by: string, reason?: string): string {
  if (isOfSchedule(by, reason)) return `the ${reason}`;
  return reason ? `${by} (${reason})` : by;
}

/** Whether the reason says all of it. */
export function isOfSchedule(by: string, reason?: string): boolean {
  return by === 'schedule' && reason?.startsWith('schedule ') === true;
}
