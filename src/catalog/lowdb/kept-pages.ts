interface FoundPage<E> {
  readonly entries: readonly E[];
  readonly hasMore: boolean;
}

export interface KeptPages<E> {
  /** `asked` names everything that is wanted: two that have the same words want the same. */
  find(asked: string, matches: (entry: E) => boolean, look: () => FoundPage<E>): FoundPage<E>;
  /** Call for each entry that came or went, for one that was changed as it was and as it is. */
  forget(entry: E): void;
}

/** Pages that were asked for last. Those that many people look at are few. */
const MOST_KEPT = 100;

/**
 * Looks among a hundred thousand entries once for each question, and answers the same again until an entry that it asks for
 * came, went or changed. What no entry matches, which takes the longest to find out, mostly stays so.
 */
export function keepPages<E>(): KeptPages<E> {
  const kept = new Map<string, { page: FoundPage<E>; matches(entry: E): boolean }>();
  return {
    find(asked, matches, look) {
      const page = kept.get(asked)?.page ?? look();
      kept.delete(asked); // so that the order is that of use
      kept.set(asked, { page, matches });
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return page;
    },
    forget(entry) {
      for (const [asked, { matches }] of kept) if (matches(entry)) kept.delete(asked);
    },
  };
}
