/**
 * One look at a time, however many ask for it: who asks while one is under way gets the next one, together with all the
 * others who wait, because the one under way may not have seen what they were told of.
 */
export function createSharedLook<T>(look: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    const begun = look().finally(() => {
      if (current === begun) current = undefined;
    });
    current = begun;
    return begun;
  }

  return () => {
    if (!current) return next ?? begin();
    next ??= current
      .then(
        () => undefined,
        () => undefined, // told to those who asked for that one
      )
      .then(() => {
        next = undefined;
        return begin();
      });
    return next;
  };
}
