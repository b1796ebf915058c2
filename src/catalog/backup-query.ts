import { z } from 'zod';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import { backupId } from '../records/ids.ts';

/** What a catalog of backups can be sorted by. */
export const backupOrder = z.enum([
  'takenAt',
  'name',
  'workspace',
  'by',
  'bytes',
  'addedBytes',
  'files',
  'durationMs',
  'downtimeMs',
]);
export type BackupOrder = z.infer<typeof backupOrder>;

export interface BackupQuery {
  readonly workspace?: string | undefined;
  readonly status?: Backup['status'] | readonly Backup['status'][] | undefined;
  readonly by?: string | undefined;
  readonly trigger?: Backup['trigger'] | undefined;
  /** Taken at this moment or later, in milliseconds. */
  readonly from?: number | undefined;
  /** Taken before this moment. */
  readonly before?: number | undefined;
  /** Somewhere in its id, name, reason, workspace or who made it; large and small letters are the same. */
  readonly text?: string | undefined;
  /** By default when it was taken. */
  readonly order?: BackupOrder | undefined;
  /** The least first, instead of the greatest. */
  readonly ascending?: boolean | undefined;
  /** What an earlier page of the same order answered as `next`: goes on there, whatever was added or removed meanwhile. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface BackupPage {
  readonly backups: readonly Backup[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** What a backup is sorted by, and where two are the same: its id. */
export interface Place {
  readonly value: number | string;
  readonly id: string;
}

/** The greater first. */
export function comparePlaces(one: Place, other: Place): number {
  if (one.value !== other.value) return one.value < other.value ? 1 : -1;
  if (one.id === other.id) return 0;
  return one.id < other.id ? 1 : -1;
}

const cursor = z.tuple([backupOrder, z.union([z.number(), z.string()]), backupId]);

export function writeCursor(order: BackupOrder, { value, id }: Place): string {
  return Buffer.from(JSON.stringify([order, value, id])).toString('base64url');
}

/** @throws UserError `bad-input` when it is none of this order. */
export function readCursor(order: BackupOrder, text: string): Place {
  const read = cursor.safeParse(jsonOf(Buffer.from(text, 'base64url').toString()));
  if (read.success && read.data[0] === order) return { value: read.data[1], id: read.data[2] };
  throw new UserError('bad-input', 'That is no place in this list of backups.', { hint: 'Begin at its first page.' });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
