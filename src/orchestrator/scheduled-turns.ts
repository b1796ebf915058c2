import type { Room } from './room.ts';

/** How long one that waits goes without looking at the clock, in milliseconds. */
const LOOK_MS = 30_000;

export interface TurnWish {
  /** Storage classes that snapshots are going to be taken of. */
  readonly storageClasses: readonly string[];
  /** There is no use in waiting longer. Absent: as long as it takes. */
  readonly until?: Date | undefined;
}

export interface ScheduledTurns {
  /**
   * Waits until there is room for one more scheduled backup, in the order of asking, and has it launched; the turn lasts
   * until that operation has ended. Answers undefined when there was no room in time.
   */
  take<T extends { operation(): { readonly id: string } }>(
    wish: TurnWish,
    launch: () => Promise<T>,
  ): Promise<T | undefined>;
}

/** So many scheduled backups run at once, of all workspaces and of those that use one storage class. */
export function createScheduledTurns(room: Room): ScheduledTurns {
  const waiting: TurnWish[] = [];
  /** Between having a turn and standing among what runs. */
  const launching = new Set<TurnWish>();
  /** Of what an earlier life launched, nobody knows; it counts among all. */
  const classesOf = new Map<string, readonly string[]>();
  const sleepers = new Set<() => void>();
  const wake = () => {
    for (const sleeper of sleepers) sleeper();
  };
  room.onEnd((_, operation) => {
    if (operation) classesOf.delete(operation.id);
    wake();
  });

  function classesInUse(): (readonly string[])[] {
    const running = room.running().map((one) => one.operation());
    const scheduled = running.filter(({ kind, trigger }) => kind === 'backup' && trigger === 'schedule');
    return [
      ...scheduled.map(({ id }) => classesOf.get(id) ?? []),
      ...[...launching].map(({ storageClasses }) => storageClasses),
    ];
  }

  function hasRoom({ storageClasses }: TurnWish): boolean {
    const { atOnce, atOncePerStorageClass } = room.upkeep().limits;
    const inUse = classesInUse();
    const uses = (name: string) => inUse.filter((classes) => classes.includes(name)).length;
    const fits = (name: string) => uses(name) < (atOncePerStorageClass[name] ?? Number.POSITIVE_INFINITY);
    return inUse.length < atOnce && storageClasses.every(fits);
  }

  /** One that waits for its storage lets others pass that use another. */
  function isNext(wish: TurnWish): boolean {
    return hasRoom(wish) && !waiting.slice(0, waiting.indexOf(wish)).some(hasRoom);
  }

  async function untilNext(wish: TurnWish): Promise<boolean> {
    const { clock } = room.world;
    while (!isNext(wish)) {
      if (wish.until && clock.now() >= wish.until) return false;
      const rested = new AbortController();
      const sleeper = () => rested.abort();
      sleepers.add(sleeper);
      await clock.sleep(LOOK_MS, rested.signal).catch(() => undefined);
      sleepers.delete(sleeper);
    }
    return true;
  }

  return {
    async take(wish, launch) {
      waiting.push(wish);
      const isTurn = await untilNext(wish).finally(() => void waiting.splice(waiting.indexOf(wish), 1));
      if (!isTurn) return undefined;
      launching.add(wish);
      try {
        const launched = await launch();
        classesOf.set(launched.operation().id, wish.storageClasses);
        return launched;
      } finally {
        launching.delete(wish);
        wake();
      }
    },
  };
}
