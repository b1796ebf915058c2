import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { Backup } from '../../records/backup.ts';
import { backup } from '../../records/backup.ts';
import { backupId } from '../../records/ids.ts';
import { workspaceName } from '../../records/workspace.ts';
import type { BackupOrder, BackupQuery, Place } from '../backup-query.ts';
import type { BackupFilter } from '../catalog.ts';

/** What is known of a backup without reading its record; there may be a hundred thousand of them in memory. */
export const backupEntry = z.object({
  id: backupId,
  workspace: workspaceName,
  at: z.number(),
  status: backup.shape.status,
  name: z.string().optional(),
  reason: z.string().optional(),
  by: z.string(),
  trigger: backup.shape.trigger,
  bytes: z.number(),
  addedBytes: z.number(),
  files: z.number(),
  durationMs: z.number(),
  downtimeMs: z.number(),
  /** Short marks of the copies it names, in one word: the ids themselves are long, and there are many. */
  copies: z.string(),
});
export type BackupEntry = z.infer<typeof backupEntry>;

const entries = new WeakMap<Backup, BackupEntry>();

/** Of a record that nobody can change any more: the same as before, for the very same one. */
export function entryOf(record: Backup): BackupEntry {
  const entry = entries.get(record) ?? makeEntry(record);
  if (Object.isFrozen(record)) entries.set(record, entry);
  return entry;
}

function makeEntry(record: Backup): BackupEntry {
  const { id, workspace, takenAt, status, name, reason, by, trigger, manifestCopyId, parts } = record;
  const { bytes, addedBytes, files, durationMs, downtimeMs } = record;
  const copies = new Set(
    [...(manifestCopyId === undefined ? [] : [manifestCopyId]), ...parts.flatMap(({ copyId = [] }) => copyId)].map(
      markOf,
    ),
  );
  return {
    ...{ id, workspace, at: Date.parse(takenAt), status, by: by.name, trigger },
    ...{ bytes, addedBytes, files, durationMs, downtimeMs, copies: [...copies].join(' ') },
    ...(name === undefined ? {} : { name }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Two copies may have the same: it only says which records are worth a look. */
function markOf(copyId: string): string {
  return crc32(copyId).toString(36);
}

export function matcherOf({ workspace, status, copies }: BackupFilter): (entry: BackupEntry) => boolean {
  const statuses = status === undefined ? undefined : [status].flat();
  const wanted = copies && [...new Set(copies.map(markOf))];
  return (entry) =>
    (workspace === undefined || entry.workspace === workspace) &&
    (statuses === undefined || statuses.includes(entry.status)) &&
    (wanted === undefined || wanted.some((copy) => entry.copies.includes(copy)));
}

export function queryMatcherOf(query: BackupQuery): (entry: BackupEntry) => boolean {
  const { workspace, status, by, trigger, text, from = Number.NEGATIVE_INFINITY, before = Infinity } = query;
  const isOne = matcherOf({ ...(workspace === undefined ? {} : { workspace }), ...(status ? { status } : {}) });
  const hasText = text === undefined ? undefined : textMatcherOf(text);
  return (entry) =>
    isOne(entry) &&
    entry.at >= from &&
    entry.at < before &&
    (by === undefined || entry.by === by) &&
    (trigger === undefined || entry.trigger === trigger) &&
    (hasText === undefined || hasText(entry));
}

/** Not by lower-cased copies: they would be made anew for each of a hundred thousand, at each look. */
function textMatcherOf(text: string): (entry: BackupEntry) => boolean {
  const wanted = new RegExp(escapeRegExp(text), 'i');
  const inId = text.toLowerCase(); // as ids are
  // There are few workspaces and people, and many backups of each.
  const known = new Map<string, boolean>();
  const isIn = (name: string) => {
    const found = known.get(name) ?? wanted.test(name);
    known.set(name, found);
    return found;
  };
  return ({ id, name, reason, workspace, by }) =>
    id.includes(inId) ||
    (name !== undefined && wanted.test(name)) ||
    (reason !== undefined && wanted.test(reason)) ||
    isIn(workspace) ||
    isIn(by);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Where an entry stands in an order. */
export function placeOf(order: BackupOrder, entry: BackupEntry): Place {
  const value = order === 'takenAt' ? entry.at : (entry[order] ?? '');
  return { value, id: entry.id };
}

export function comparerOf(order: BackupOrder): (one: BackupEntry, other: BackupEntry) => number {
  const key = order === 'takenAt' ? 'at' : order;
  return (one, other) => {
    const [a, b] = [one[key] ?? '', other[key] ?? ''];
    if (a !== b) return a < b ? 1 : -1;
    if (one.id === other.id) return 0;
    return one.id < other.id ? 1 : -1;
  };
}
