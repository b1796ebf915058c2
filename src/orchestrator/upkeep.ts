import type { Scheduled } from '../schedule/schedule.ts';
import { type SchedulesForAll, schedulesForAll } from '../schedule/settings.ts';

/** What the configuration says of one workspace's upkeep, beside its schedules. */
export interface WorkspaceUpkeep {
  /** How old its newest completed backup may be, in milliseconds. Absent: by its schedules. */
  readonly rpoMs?: number | undefined;
}

/** What the configuration says now of what happens unasked. */
export interface Upkeep {
  readonly schedules: readonly Scheduled[];
  readonly limits: SchedulesForAll;
  readonly workspaces: Readonly<Record<string, WorkspaceUpkeep>>;
}

export const noUpkeep: Upkeep = { schedules: [], limits: schedulesForAll.parse({}), workspaces: {} };
