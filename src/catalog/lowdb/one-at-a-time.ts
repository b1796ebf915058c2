export type OneAtATime = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work on the same key runs in the order it was asked for, never two at once; other keys do not wait. */
export function createOneAtATime(): OneAtATime {
  const last = new Map<string, Promise<void>>();
  return (key, work) => {
    const result = (last.get(key) ?? Promise.resolve()).then(work);
    const done = result.then(
      () => undefined,
      () => undefined, // who asked receives the rejection from `result`
    );
    last.set(key, done);
    return result.finally(() => {
      if (last.get(key) === done) last.delete(key);
    });
  };
}
