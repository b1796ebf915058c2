import type { ConfigFile } from './config-schema.ts';
import type { Upkeep } from './orchestrator/upkeep.ts';
import { scheduleIdOf } from './records/schedule-state.ts';
import type { Scheduled } from './schedule/schedule.ts';
import { settingsForAll } from './schedule/settings.ts';

/** What happens unasked, as the file has it. */
export function upkeepOf({ workspaces, schedules: limits }: ConfigFile): Upkeep {
  const named = Object.entries(workspaces);
  const ofWorkspaces = named.flatMap(([workspace, { schedules }]) =>
    Object.entries(schedules).map(
      ([name, settings]): Scheduled => ({
        ...{ id: scheduleIdOf(workspace, name), name, workspace },
        ...{ does: settings.does, settings },
      }),
    ),
  );
  const digest = limits.digest && settingsForAll('digest', limits.digest);
  const ofAll = digest
    ? [{ id: scheduleIdOf(undefined, 'digest'), name: 'digest', does: digest.does, settings: digest }]
    : [];
  return {
    schedules: [...ofWorkspaces, ...ofAll],
    limits,
    workspaces: Object.fromEntries(named.map(([name, { rpo }]) => [name, { rpoMs: rpo }])),
  };
}
