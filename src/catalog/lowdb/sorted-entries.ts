/** What is known of a record without reading it. */
export interface Entry {
  readonly id: string;
  readonly workspace: string;
  /** The moment that lists are sorted by, in milliseconds. */
  readonly at: number;
}

export interface SortedEntries<E extends Entry> {
  has(id: string): boolean;
  count(): number;
  put(entry: E): void;
  remove(id: string): void;
  /** The entries themselves: not to be changed, and changing with every `put`. */
  newestFirst(): readonly E[];
}

/**
 * Entries by id and by age. Sorted once, by the first look; from then on each entry finds its own place, so that a write
 * costs the same among a thousand and among a hundred thousand.
 */
export function createSortedEntries<E extends Entry>(): SortedEntries<E> {
  const byId = new Map<string, E>();
  let sorted: E[] | undefined;

  function remove(id: string): void {
    const entry = byId.get(id);
    if (!entry) return;
    byId.delete(id);
    sorted?.splice(placeOf(sorted, entry), 1);
  }

  return {
    has: (id) => byId.has(id),
    count: () => byId.size,
    remove,
    put(entry) {
      remove(entry.id);
      byId.set(entry.id, entry);
      sorted?.splice(placeOf(sorted, entry), 0, entry);
    },
    newestFirst() {
      sorted ??= [...byId.values()].sort(byAge);
      return sorted;
    },
  };
}

/** Newest first; of the same age, the greater id first. */
export function byAge(one: Pick<Entry, 'at' | 'id'>, other: Pick<Entry, 'at' | 'id'>): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.id === other.id) return 0;
  return one.id < other.id ? 1 : -1;
}

/** Where the entry stands, or would stand. */
function placeOf<E extends Entry>(sorted: readonly E[], entry: E): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const there = sorted[middle];
    if (there && byAge(there, entry) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** In their order, looking no further than is needed. */
export function firstOf<E>(entries: readonly E[], matches: (entry: E) => boolean, limit: number): E[] {
  const found: E[] = [];
  for (const entry of entries) {
    if (found.length >= limit) break;
    if (matches(entry)) found.push(entry);
  }
  return found;
}
