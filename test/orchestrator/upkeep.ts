import type { Scheduled } from '../../src/schedule/schedule.ts';
import { type ScheduleTask, scheduleSettings } from '../../src/schedule/settings.ts';

/** A schedule of `team-ml`, as the configuration would have it. */
export function makeScheduled(name: string, settings: object, workspace = 'team-ml'): Scheduled {
  const parsed = scheduleSettings.parse({ does: 'backup', zone: 'UTC', ...settings });
  return { id: `${workspace}/${name}`, name, workspace, does: parsed.does, settings: parsed };
}

const MINUTE = 60_000;

/** What it has besides, and for how many milliseconds more its window is open. */
export type Nightly = Readonly<Record<string, unknown>> & {
  readonly workspace?: string;
  readonly does?: ScheduleTask;
  readonly openForMs?: number;
};

/** Due now, in a window that is open. */
export function makeNightly(nowMs: number, nightly: Nightly): Scheduled {
  const { workspace = 'team-ml', does = 'backup', openForMs = 6 * 60 * MINUTE, ...changes } = nightly;
  const clock = (ms: number) => new Date(nowMs + ms).toISOString().slice(11, 16);
  const settings = scheduleSettings.parse({
    ...{ does, zone: 'UTC', window: `${clock(-2 * MINUTE)}-${clock(openForMs)}` },
    when: `${clock(0).split(':').reverse().map(Number).join(' ')} * * *`,
    ...changes,
  });
  return { id: `${workspace}/nightly`, name: 'nightly', workspace, does, settings };
}
