import { z } from 'zod';
import { UserError } from '../errors.ts';

/** A place in a list that begins with the newest: when, in milliseconds, and of several of that moment the id. */
export interface PlaceInTime {
  readonly at: number;
  readonly id: string;
}

/** Newest first; of the same moment, the greater id first. */
export function byAge(one: PlaceInTime, other: PlaceInTime): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.id === other.id) return 0;
  return one.id < other.id ? 1 : -1;
}

const cursor = z.tuple([z.number(), z.string().max(100)]);

export function writeAgeCursor({ at, id }: PlaceInTime): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url');
}

/** @throws UserError `bad-input` when it is no such place. */
export function readAgeCursor(text: string): PlaceInTime {
  const read = cursor.safeParse(jsonOf(Buffer.from(text, 'base64url').toString()));
  if (read.success) return { at: read.data[0], id: read.data[1] };
  throw new UserError('bad-input', 'That is no place in this list.', { hint: 'Begin at its first page.' });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
