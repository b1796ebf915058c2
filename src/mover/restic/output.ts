import { z } from 'zod';
import type { Progress } from '../../records/operation.ts';

/*
 * restic's JSON lines. Both streams carry plain text as well, zero-valued fields are left out, and new types and fields
 * come with every version: what is not understood is passed over, what is needed is asked for where it is needed.
 * Source: restic:doc/075_scripting.rst.
 */

const count = z.number().nonnegative().default(0);

const copyStatus = z.object({
  message_type: z.literal('status'),
  total_files: z.number().optional(),
  files_done: z.number().optional(),
  total_bytes: z.number().optional(),
  bytes_done: z.number().optional(),
  seconds_remaining: z.number().optional(),
});

const restoreCounters = {
  total_files: count,
  files_restored: count,
  files_skipped: count,
  total_bytes: count,
  bytes_restored: count,
  bytes_skipped: count,
};

/** The last line of `backup`. */
export const copySummary = z.object({
  message_type: z.literal('summary'),
  snapshot_id: z.string().min(1),
  total_files_processed: count,
  total_bytes_processed: count,
  data_added: count,
  data_added_packed: z.number().optional(),
  /** In seconds. */
  total_duration: count,
  /** Since 0.18. */
  backup_start: z.string().optional(),
});

const restoreStatus = z.object({ message_type: z.literal('status'), ...restoreCounters });
/** The last line of `restore`; directories count as files. */
export const restoreSummary = z.object({ message_type: z.literal('summary'), ...restoreCounters });

/** Ours, written by the launch script. */
export const arrivedCount = z.object({ message_type: z.literal('arrived'), files: count, bytes: count });

/** Ours too: files that changed while they were copied could not be marked. */
export const unmarkedFiles = z.object({ message_type: z.literal('unmarked') });

export const copyList = z.array(
  z.object({
    id: z.string(),
    time: z.string(),
    paths: z.array(z.string()).default([]),
    tags: z.array(z.string()).nullish(),
    summary: z
      .object({
        total_files_processed: count,
        total_bytes_processed: count,
        data_added: count,
        data_added_packed: z.number().optional(),
      })
      .optional(),
  }),
);

export const treeNode = z.object({
  message_type: z.literal('node'),
  type: z.string(),
  path: z.string(),
  size: z.number().optional(),
  mtime: z.string().optional(),
  ctime: z.string().optional(),
});

const unreadableItem = z.object({
  message_type: z.literal('error'),
  error: z.object({ message: z.string().default('') }).optional(),
  item: z.string().min(1),
});

const fatal = z.object({ message_type: z.literal('exit_error'), message: z.string() });

/** The JSON value of one line; undefined when the line is plain text or was cut short. */
export function parseLine(line: string): unknown {
  if (!line.startsWith('{') && !line.startsWith('[')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function copyProgress(message: unknown): Progress | undefined {
  const status = copyStatus.safeParse(message).data;
  if (!status) return undefined;
  return withoutAbsent({
    filesDone: status.files_done ?? 0,
    filesTotal: status.total_files,
    bytesDone: status.bytes_done ?? 0,
    bytesTotal: status.total_bytes,
    remainingMs: status.seconds_remaining === undefined ? undefined : status.seconds_remaining * 1000,
  });
}

export function restoreProgress(message: unknown): Progress | undefined {
  const status = restoreStatus.safeParse(message).data;
  if (!status) return undefined;
  // What is passed over, because it is there already, is in no total.
  return {
    filesDone: status.files_restored + status.files_skipped,
    filesTotal: status.total_files + status.files_skipped,
    bytesDone: status.bytes_restored + status.bytes_skipped,
    bytesTotal: status.total_bytes + status.bytes_skipped,
  };
}

function withoutAbsent(values: { readonly [name in keyof Progress]: Progress[name] | undefined }): Progress {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** A line of standard error for people: the message inside the JSON, or the line itself without terminal escapes. */
export function plainSentence(line: string): string {
  const message = parseLine(line);
  const error = unreadableItem.safeParse(message).data;
  if (error) return `${error.item}: ${error.error?.message ?? 'could not be read'}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  return fatal.safeParse(message).data?.message ?? line.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').trim();
}

export interface UnreadableItem {
  readonly path: string;
  /** It was listed and was gone when it was its turn. */
  readonly hasVanished: boolean;
}

/** What standard error names as unreadable, each path once, in order. */
export function unreadableItems(stderr: readonly string[]): UnreadableItem[] {
  const items = new Map<string, UnreadableItem>();
  for (const line of stderr) {
    const found = unreadableItem.safeParse(parseLine(line)).data;
    if (!found) continue;
    const hasVanished = /no such file or directory$/.test(found.error?.message ?? '');
    const isKnownAsLoss = items.get(found.item)?.hasVanished === false;
    items.set(found.item, { path: found.item, hasVanished: hasVanished && !isKnownAsLoss });
  }
  return [...items.values()];
}

/** restic writes nanoseconds and sometimes a local offset; a record holds UTC with milliseconds. */
export function toMoment(time: string): string {
  return new Date(time).toISOString();
}
