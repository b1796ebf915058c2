import { byAge } from '../age-cursor.ts';

/** What is known of a record without reading it. */
export interface Entry {
  readonly id: string;
  readonly workspace: string;
  /** The moment that lists are sorted by, in milliseconds. */
  readonly at: number;
}

/** A way to sort entries; never answers 0 for two of them. */
export interface Order<E extends Entry> {
  readonly name: string;
  compare(one: E, other: E): number;
}

export interface SortedEntries<E extends Entry> {
  has(id: string): boolean;
  count(): number;
  put(entry: E): void;
  remove(id: string): void;
  /** The entries themselves, of all workspaces or one: not to be changed, and changing with every `put`. */
  newestFirst(workspace?: string): readonly E[];
  /** The same in another order. */
  inOrder(order: Order<E>, workspace?: string): readonly E[];
}

interface Kept<E> {
  compare(one: E, other: E): number;
  readonly workspace: string | undefined;
  readonly sorted: E[];
}

/** Whoever asks for workspaces that there are not, one after the other, must not make us keep a list of each. */
const MOST_KEPT = 500;

/**
 * Entries by id and in every order that was asked for, of all workspaces and of each that was asked for. Sorted once, by the first look; from then on each entry finds its
 * own place, so that a write costs the same among a thousand and among a hundred thousand. `onChange` hears of each entry that
 * came or went.
 */
export function createSortedEntries<E extends Entry>(onChange: (entry: E) => void = () => {}): SortedEntries<E> {
  const byId = new Map<string, E>();
  const orders = new Map<string, Kept<E>>();

  /** The orders that it stands in. */
  function* ordersOf({ workspace }: E): Generator<Kept<E>> {
    for (const kept of orders.values()) if (kept.workspace === undefined || kept.workspace === workspace) yield kept;
  }

  function remove(id: string): void {
    const entry = byId.get(id);
    if (!entry) return;
    byId.delete(id);
    onChange(entry);
    for (const { sorted, compare } of ordersOf(entry)) sorted.splice(countBefore(sorted, entry, compare), 1);
  }

  function inOrder(order: Order<E>, workspace?: string): readonly E[] {
    const { name, compare } = order;
    const key = workspace === undefined ? name : `${name} ${workspace}`;
    const known = orders.get(key);
    if (known) return known.sorted;
    const sorted =
      workspace === undefined
        ? [...byId.values()].sort(compare)
        : inOrder(order).filter((entry) => entry.workspace === workspace);
    if (workspace === undefined || orders.size < MOST_KEPT) orders.set(key, { sorted, compare, workspace });
    return sorted;
  }

  return {
    has: (id) => byId.has(id),
    count: () => byId.size,
    remove,
    inOrder,
    put(entry) {
      remove(entry.id);
      byId.set(entry.id, entry);
      onChange(entry);
      for (const { sorted, compare } of ordersOf(entry)) {
        sorted.splice(countBefore(sorted, entry, compare), 0, entry);
      }
    },
    newestFirst: (workspace) => inOrder({ name: 'age', compare: byAge }, workspace),
  };
}

/** How many stand before it: where it stands, or would stand. */
export function countBefore<E, P>(sorted: readonly E[], place: P, compare: (one: E, other: P) => number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const there = sorted[middle];
    if (there !== undefined && compare(there, place) < 0) from = middle + 1;
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
