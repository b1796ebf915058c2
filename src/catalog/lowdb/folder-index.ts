import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { z } from 'zod';
import { createIndexFile, type IndexLine } from './index-file.ts';
import { keepPages } from './kept-pages.ts';
import { pageOf, type Wanted } from './page-of.ts';
import type { RecordFolder } from './record-folder.ts';
import { createSortedEntries, type Entry, firstOf, type Order } from './sorted-entries.ts';

/** Records looked at between two breaths of the event loop: about two milliseconds. */
const BATCH = 100;

export interface FolderIndex<E extends Entry, Known, T> {
  /** Learns what the folder holds, once; the next call after a failure tries again. */
  load(): Promise<void>;
  /** Call after the record was written, before anything else is done to it. */
  put(known: Known): void;
  /** Newest first; of all workspaces or one. */
  entries(workspace?: string): Promise<readonly E[]>;
  /** The records of entries that match, newest first, read now. */
  list(wanted: WantedList<E>): Promise<T[]>;
  /** The records of the next entries that match, and the last of them where there are more. */
  page(wanted: WantedPage<E>): Promise<{ found: T[]; last?: E }>;
}

export interface WantedList<E> {
  /** Only of this one: the others are not looked at. */
  readonly workspace?: string | undefined;
  matches(entry: E): boolean;
  readonly limit?: number | undefined;
}

export interface WantedPage<E extends Entry> extends Wanted<E> {
  /** Names the whole of what is wanted: two that have the same words want the same. */
  readonly asked: string;
  readonly workspace?: string | undefined;
  readonly order: Order<E>;
}

export interface FolderIndexOptions<E extends Entry, T, Known> {
  readonly folder: RecordFolder<T & { id: string }>;
  readonly indexFile: string;
  /** What is read of a record to make its entry: all of it, or only what lists need. */
  readonly known: z.ZodType<Known>;
  readonly entry: z.ZodType<E>;
  entryOf(known: Known): E;
}

/**
 * What is known of each record of a folder without reading it: a few words each in memory, kept in a file of their own
 * between two lives. Never believed over the records: what is answered was read from its own file.
 */
export function createFolderIndex<E extends Entry, Known extends { id: string }, T extends Known>(
  options: FolderIndexOptions<E, T, Known>,
): FolderIndex<E, Known, T> {
  const { folder, entryOf } = options;
  const file = createIndexFile(options.indexFile, options.entry);
  const pages = keepPages<E>();
  const entries = createSortedEntries<E>(pages.forget);
  let loading: Promise<void> | undefined;

  const lineOf = (entry: E): IndexLine<E> => ({ stamp: folder.stampOf(entry.id) ?? '', entry });

  /** Takes over what still holds of the file. Answers whether the file is worth keeping. */
  async function readFile(): Promise<boolean> {
    const lines = await file.read(({ stamp, entry }) => {
      // What was written since this life began is known better.
      if (!entries.has(entry.id) && stamp === folder.stampOf(entry.id)) entries.put(entry);
    });
    return lines !== undefined && lines <= 2 * entries.count() + 1_000;
  }

  async function learnAll(): Promise<void> {
    let isTrue = await readFile();
    for await (const ids of folder.ids()) {
      await letOthersRun();
      for (const id of ids.filter((one) => !entries.has(one))) {
        isTrue = false;
        const known = await folder.readAs(id, options.known);
        if (known) entries.put(entryOf(known));
      }
    }
    const sorted = entries.newestFirst();
    if (!isTrue) await file.rewrite(sorted, lineOf);
  }

  function load(): Promise<void> {
    loading ??= learnAll().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  /** Given a copy, because entries come and go while records are read. */
  async function readThese(wanted: readonly E[], matches: (entry: E) => boolean): Promise<T[]> {
    const found: T[] = [];
    for (const [count, { id }] of wanted.entries()) {
      if (count % BATCH === BATCH - 1) await letOthersRun();
      const record = await folder.read(id);
      if (record === undefined) entries.remove(id);
      else if (matches(entryOf(record))) found.push(record);
    }
    return found;
  }

  return {
    load,
    put(known) {
      const entry = entryOf(known);
      entries.put(entry);
      file.append(lineOf(entry));
    },
    async entries(workspace) {
      await load();
      return entries.newestFirst(workspace);
    },
    async list({ workspace, matches, limit = Number.POSITIVE_INFINITY }) {
      await load();
      return readThese(firstOf(entries.newestFirst(workspace), matches, limit), matches);
    },
    async page(wanted) {
      await load();
      const page = pages.find(wanted.asked, wanted.matches, () =>
        pageOf(entries.inOrder(wanted.order, wanted.workspace), wanted),
      );
      const last = page.hasMore ? page.entries.at(-1) : undefined;
      return { found: await readThese(page.entries, wanted.matches), ...(last ? { last } : {}) };
    },
  };
}
