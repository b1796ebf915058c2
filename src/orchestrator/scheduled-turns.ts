import type { EndWatch } from './end-watch.ts';
import type { Room } from './room.ts';

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
export function createScheduledTurns(room: Room, ends: EndWatch): ScheduledTurns {
  const line: TurnWish[] = [];
  /** Between having a turn and standing among what runs. */
  const launching = new Set<TurnWish>();
  /** Of what an earlier life launched, nobody knows; it counts among all. */
  const classesOf = new Map<string, readonly string[]>();
  room.onEnd((_, operation) => {
    if (operation) classesOf.delete(operation.id);
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
    return hasRoom(wish) && !line.slice(0, line.indexOf(wish)).some(hasRoom);
  }

  return {
    async take(wish, launch) {
      line.push(wish);
      const isTurn = await ends
        .until(() => isNext(wish), wish.until)
        .finally(() => void line.splice(line.indexOf(wish), 1));
      if (!isTurn) return undefined;
      launching.add(wish);
      try {
        const launched = await launch();
        classesOf.set(launched.operation().id, wish.storageClasses);
        return launched;
      } finally {
        launching.delete(wish);
        ends.wake();
      }
    },
  };
}
