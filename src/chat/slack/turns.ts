/** Work in lanes: one at a time in each, in the order it came, whatever became of the work before it. */
export interface Turns {
  take<T>(lane: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is at work in any lane. */
  done(): Promise<void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(lane, work) {
      const mine = (last.get(lane) ?? Promise.resolve()).catch(() => undefined).then(work);
      last.set(lane, mine);
      const leave = () => void (last.get(lane) === mine && last.delete(lane));
      mine.then(leave, leave);
      return mine;
    },
    async done() {
      while (last.size > 0) await Promise.allSettled(last.values());
    },
  };
}
