import type { Scheduled } from '../../src/schedule/schedule.ts';
import { scheduleSettings } from '../../src/schedule/settings.ts';

/** A schedule of `team-ml`, as the configuration would have it. */
export function makeScheduled(name: string, settings: object, workspace = 'team-ml'): Scheduled {
  const parsed = scheduleSettings.parse({ does: 'backup', zone: 'UTC', ...settings });
  return { id: `${workspace}/${name}`, name, workspace, does: parsed.does, settings: parsed };
}
