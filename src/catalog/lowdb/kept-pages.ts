interface FoundPage<E> {
  readonly entries: readonly E[];
  readonly hasMore: boolean;
}

/** Pages that were asked for last. Those that many people look at are few. */
const MOST_KEPT = 100;

/**
 * Looks among a hundred thousand entries once for each question, and answers the same again for as long as no entry came,
 * went or changed: `version` says so. `asked` names everything that the answer depends on besides.
 */
export function keepPages<E>(version: () => number): (asked: string, look: () => FoundPage<E>) => FoundPage<E> {
  const kept = new Map<string, FoundPage<E>>();
  let of = version();
  return (asked, look) => {
    if (of !== version()) kept.clear();
    of = version();
    const page = kept.get(asked) ?? look();
    kept.delete(asked); // so that the order is that of use
    kept.set(asked, page);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    return page;
  };
}
