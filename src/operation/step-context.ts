import { UserError } from '../errors.ts';
import type { JournalEvent } from '../records/operation.ts';
import { announcedStop, hasBegun, type Journal } from './journal.ts';
import type { StepContext } from './operation.ts';
import type { RunnerWorld } from './runner-world.ts';
import type { StoryControl } from './story-control.ts';

/** What the work inside one step may use, bound to this life of the operation. */
export function contextOf(
  name: string,
  journal: Journal,
  control: StoryControl,
  world: RunnerWorld,
  signal: AbortSignal,
): StepContext {
  return {
    signal,
    isBegunBefore: hasBegun(control.past, name),
    now: () => world.clock.now(),
    sleep: (ms) => world.clock.sleep(ms, signal),
    progress: (progress) => control.changed(progress),
    stopsAt: () => announcedStop(journal.operation().journal),
    async countedDown() {
      const now = world.clock.now();
      let isMoved = false;
      const at = now.toISOString();
      const refuseMoved = ({ journal: events }: { journal: readonly JournalEvent[] }) => {
        isMoved = (announcedStop(events)?.getTime() ?? 0) > now.getTime();
        if (isMoved) throw new UserError('too-late', 'The moment was moved.');
      };
      try {
        await journal.append({ type: 'counted-down', at }, refuseMoved);
        return true;
      } catch (error) {
        if (isMoved) return false;
        throw error;
      }
    },
    async announced(stopsAt) {
      const at = world.clock.now().toISOString();
      await journal.append({ type: 'announced', at, stopsAt: stopsAt.toISOString() });
      control.changed();
    },
  };
}
