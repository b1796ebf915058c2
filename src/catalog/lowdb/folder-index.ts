import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { z } from 'zod';
import type { RecordFolder } from './record-folder.ts';

/** Reads between two breaths of the event loop: about two milliseconds. */
const BATCH = 100;

export interface FolderIndex<S> {
  /** Reads the folder, once; the next call after a failure tries again. */
  load(): Promise<void>;
  get(id: string): S | undefined;
  put(entry: S): S;
  /** Reads one record again. */
  refresh(id: string): Promise<S | undefined>;
  /** Newest first. */
  list(matches: (entry: S) => boolean, limit?: number): Promise<S[]>;
}

interface Indexed {
  readonly id: string;
  readonly workspace: string;
}

/**
 * What is known of each record of a folder, in memory. An entry is what `schema` takes from the record: all of it, or only
 * what lists need. Entries are frozen, because the same object is answered to everyone.
 */
export function createFolderIndex<S extends Indexed, T extends Indexed>(
  folder: RecordFolder<T>,
  schema: z.ZodType<S>,
  momentOf: (entry: S) => string,
): FolderIndex<S> {
  const entries = createEntries(momentOf);
  let loading: Promise<void> | undefined;

  const refresh = async (id: string): Promise<S | undefined> => {
    const entry = await folder.readAs(id, schema);
    return entry && entries.put(entry);
  };
  const readAll = async (): Promise<void> => {
    for (const [count, id] of (await folder.ids()).entries()) {
      if (count % BATCH === 0) await letOthersRun();
      if (entries.get(id) === undefined) await refresh(id);
    }
  };
  const load = (): Promise<void> => {
    loading ??= readAll().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };

  return {
    load,
    refresh,
    put: entries.put,
    get: entries.get,
    async list(matches, limit = Number.POSITIVE_INFINITY) {
      await load();
      return firstOf(entries.newestFirst(), matches, limit);
    },
  };
}

function createEntries<S extends Indexed>(momentOf: (entry: S) => string) {
  const entries = new Map<string, { readonly entry: S; readonly at: number }>();
  let sorted: S[] | undefined;
  return {
    get: (id: string): S | undefined => entries.get(id)?.entry,
    put(entry: S): S {
      entries.set(entry.id, { entry: freezeDeeply(entry), at: Date.parse(momentOf(entry)) });
      sorted = undefined;
      return entry;
    },
    newestFirst(): readonly S[] {
      sorted ??= [...entries.values()]
        .sort((a, b) => b.at - a.at || (a.entry.id < b.entry.id ? 1 : -1))
        .map(({ entry }) => entry);
      return sorted;
    },
  };
}

function firstOf<S>(entries: readonly S[], matches: (entry: S) => boolean, limit: number): S[] {
  const found: S[] = [];
  for (const entry of entries) {
    if (found.length >= limit) break;
    if (matches(entry)) found.push(entry);
  }
  return found;
}

function freezeDeeply<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeDeeply(inner);
  }
  return value;
}
