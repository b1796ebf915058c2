import wrapAnsi from 'wrap-ansi';
import { inTimeZone } from '../messages/words.ts';

/** How what is drawn is read: on which terminal, and by whose clock. */
export interface Reading {
  readonly colour: boolean;
  /** How wide the terminal is; absent for a pipe, where nothing is broken into lines. */
  readonly columns?: number | undefined;
  /** Moments are shown as clocks show them there, such as `Europe/Berlin`; absent: as they are written, in UTC. */
  readonly timeZone?: string | undefined;
}

/**
 * Breaks between words; later lines keep the depth of the first. What is too long for a line of its own is left to the
 * terminal: a path stays whole for copying.
 */
export function wrapped(text: string, columns: number | undefined, indent = ''): string {
  const lines = text.split('\n').flatMap((line) => {
    const depth = /^ */.exec(line)?.[0] ?? '';
    if (columns === undefined) return [line];
    const room = Math.max(1, columns - indent.length - depth.length);
    return wrapAnsi(line.slice(depth.length), room, { hard: false })
      .split('\n')
      .map((part) => `${depth}${part}`);
  });
  return lines.join(`\n${indent}`);
}

/** Moments by the reader's clock. */
export function localText(text: string, { timeZone }: Reading): string {
  return timeZone === undefined ? text : inTimeZone(text, timeZone).text;
}

/** The zone of all moments in these texts, to be told once; undefined where there are none. */
export function zoneNote(texts: readonly string[], { timeZone }: Reading): string | undefined {
  if (timeZone === undefined || !texts.some((text) => inTimeZone(text, timeZone).hasMoments)) return undefined;
  return timeZone === 'UTC' ? 'Times are UTC.' : `Times are local (${timeZone}).`;
}

/** Of this process; `TZ` sets it. */
export function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
