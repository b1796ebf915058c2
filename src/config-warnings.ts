import type { Config } from './config.ts';
import { scheduleWarnings } from './schedule/warnings.ts';

/** What is in order and hardly meant, as sentences that begin with the setting. */
export function warnAbout({ workspaces, upkeep }: Pick<Config, 'workspaces' | 'upkeep'>, now: Date): string[] {
  return Object.entries(workspaces).flatMap(([workspace, { policy }]) => {
    const its = upkeep.schedules.filter((schedule) => schedule.workspace === workspace);
    const settings = Object.fromEntries(its.map((schedule) => [schedule.name, schedule.settings]));
    return scheduleWarnings(settings, now, policy.notice).map(
      ({ schedule, key, text }) => `workspaces.${workspace}.schedules.${schedule}.${key}: ${text}`,
    );
  });
}
