import { comparePlaces, type Place } from '../backup-query.ts';
import { countBefore } from './sorted-entries.ts';

export interface Wanted<E> {
  readonly isBackwards: boolean;
  /** Goes on behind it. */
  readonly after?: Place;
  placeOf(entry: E): Place;
  matches(entry: E): boolean;
  readonly limit: number;
}

/** The next entries that match, and whether there are more. What stands before `after` is not looked at. */
export function pageOf<E>(sorted: readonly E[], wanted: Wanted<E>): { entries: E[]; hasMore: boolean } {
  const { isBackwards, placeOf, matches, limit } = wanted;
  const step = isBackwards ? -1 : 1;
  const entries: E[] = [];
  for (let at = firstAt(sorted, wanted); at >= 0 && at < sorted.length; at += step) {
    const entry = sorted[at];
    if (entry === undefined || !matches(entry)) continue;
    if (entries.length >= limit) return { entries, hasMore: true };
    entries.push(entry);
  }
  return { entries, hasMore: false };

  function firstAt(all: readonly E[], { after }: Wanted<E>): number {
    if (after === undefined) return isBackwards ? all.length - 1 : 0;
    const before = countBefore(all, after, (entry, place) => comparePlaces(placeOf(entry), place));
    if (isBackwards) return before - 1;
    const there = all[before];
    return there !== undefined && comparePlaces(placeOf(there), after) === 0 ? before + 1 : before;
  }
}
