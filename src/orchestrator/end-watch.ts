import type { Room } from './room.ts';

/** How long one that waits goes without looking at the clock, in milliseconds. */
const LOOK_MS = 30_000;

export interface EndWatch {
  /** Waits until this holds, looking again at every end; false when it did not by then. */
  until(holds: () => boolean, by?: Date): Promise<boolean>;
  /** For changes that are no end of an operation. */
  wake(): void;
}

/** For who waits until others have ended. */
export function createEndWatch(room: Room): EndWatch {
  const sleepers = new Set<() => void>();
  const wake = () => {
    for (const sleeper of sleepers) sleeper();
  };
  room.onEnd(wake);
  return {
    wake,
    async until(holds, by) {
      const { clock } = room.world;
      while (!holds()) {
        if (by && clock.now() >= by) return false;
        const rested = new AbortController();
        const sleeper = () => rested.abort();
        sleepers.add(sleeper);
        await clock.sleep(LOOK_MS, rested.signal).catch(() => undefined);
        sleepers.delete(sleeper);
      }
      return true;
    },
  };
}
