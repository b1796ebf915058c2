import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { Standing } from '../orchestrator/standing.ts';
import type { ScheduleState } from '../records/schedule-state.ts';
import type { Freshness } from '../schedule/overdue.ts';

/** What was seen of one workspace the last time somebody looked. */
export interface Seen {
  readonly standing: Standing;
  /** Undefined when nobody could look at it. */
  readonly servicesDown: number | undefined;
  readonly freshness: Freshness | undefined;
}

/** Looking at a workspace costs its platform some requests: less often than people scrape. */
const BETWEEN_MS = 55_000;

export interface Watched {
  readonly workspaces: ReadonlyMap<string, Seen>;
  /** Of every schedule. */
  readonly schedules: readonly ScheduleState[];
}

export interface Watch {
  /** What is known now; begins to look again when that is old. Never waits for a platform. */
  seen(): Watched;
  /** Something ended in this workspace: its records are read anew. */
  changed(workspace: string): void;
  /** Resolves when nobody looks any more. */
  end(): Promise<void>;
}

/** Looks at one workspace after the other, so that two hundred of them are no burden at any moment. */
export function createWatch(
  orchestrator: Pick<Orchestrator, 'workspaces' | 'standing' | 'freshness' | 'countServicesDown' | 'lookAtSchedules'>,
  clock: Clock,
  onBug: (error: unknown) => void,
): Watch {
  const seen = new Map<string, Seen>();
  let schedules: readonly ScheduleState[] = [];
  /** Something ended there since its records were read. */
  const outdated = new Set<string>();
  let begunAt = Number.NEGATIVE_INFINITY;
  let round: Promise<void> | undefined;
  let isEnding = false;

  async function look(workspace: string): Promise<void> {
    const known = seen.get(workspace)?.standing;
    const isKnown = known && !outdated.delete(workspace);
    const standing = isKnown ? known : await orElse(known, () => orchestrator.standing(workspace));
    if (!standing) return;
    const servicesDown = await orElse(undefined, () => orchestrator.countServicesDown(workspace));
    const [fresh] = await orElse([], () => orchestrator.freshness(workspace));
    seen.set(workspace, { standing, servicesDown, freshness: fresh?.freshness });
  }

  async function lookAtAll(): Promise<void> {
    schedules = await orElse(schedules, () => orchestrator.lookAtSchedules());
    const workspaces = orchestrator.workspaces();
    for (const gone of [...seen.keys()].filter((name) => !workspaces.includes(name))) seen.delete(gone);
    for (const workspace of workspaces) {
      if (isEnding) return;
      await look(workspace);
    }
  }

  return {
    seen() {
      const now = clock.now().getTime();
      // A clock that was turned back does not stop the looking.
      const isDue = now - begunAt >= BETWEEN_MS || now < begunAt;
      if (!round && isDue && !isEnding) {
        begunAt = now;
        round = lookAtAll()
          .catch(onBug)
          .finally(() => {
            round = undefined;
          });
      }
      return { workspaces: seen, schedules };
    },
    changed: (workspace) => {
      outdated.add(workspace);
      begunAt = Number.NEGATIVE_INFINITY;
    },
    async end() {
      isEnding = true;
      await round;
    },
  };
}

/** What cannot be looked at now, such as a workspace on a cluster that is away, is looked at again in a minute. */
async function orElse<T>(otherwise: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isAppError(error)) throw error;
    return otherwise;
  }
}
