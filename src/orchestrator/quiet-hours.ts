import { usualLengthMs } from '../backup/forecast.ts';
import { isAppError, UserError } from '../errors.ts';
import { createHeatMap, type HeatMap } from '../schedule/heat-map.ts';
import { findQuietHours, type QuietHours } from '../schedule/quiet-hours.ts';
import { noteSample, samplesOf } from '../schedule/workload-samples.ts';
import type { Room } from './room.ts';

/** When a backup of a workspace disturbs the fewest people, and what that stands on. */
export interface QuietHoursFound {
  readonly workspace: string;
  readonly map: HeatMap;
  readonly quiet: QuietHours;
  /** How long a backup takes by the last ones. */
  readonly lengthMs: number;
  /** So many past backups say so; 0: nobody knows yet, and an hour is taken. */
  readonly pastBackups: number;
}

const PAST_BACKUPS = 5;
/** Until a backup was made. */
const GUESS_MS = 3_600_000;

/** A workspace that cannot be looked at, or does not tell what people run, has one hour less to go by. */
export async function sampleWorkloads(room: Room): Promise<number> {
  let seen = 0;
  for (const workspace of Object.keys(room.world.workspaces)) {
    try {
      if (await sampleOne(room, workspace)) seen += 1;
    } catch (error) {
      if (!isAppError(error)) throw error;
      room.world.log.warn({ workspace, error: error.message }, 'what people run could not be looked at this hour');
    }
  }
  return seen;
}

async function sampleOne(room: Room, workspace: string): Promise<boolean> {
  const { clock, catalog, portsFor } = room.world;
  // While we have services down, that nothing runs says nothing about people.
  const isDown = () => room.runningIn(workspace)?.view().downSince !== undefined;
  if (isDown()) return false;
  const { workloads } = await portsFor(room.settingsOf(workspace)).platform.inspect();
  if (workloads === undefined || isDown()) return false;
  await catalog.activity.change(workspace, (activity) => noteSample(activity, clock.now(), workloads.length));
  return true;
}

export async function suggestQuietHours(room: Room, workspace: string): Promise<QuietHoursFound> {
  room.settingsOf(workspace);
  const { catalog } = room.world;
  const activity = await catalog.activity.get(workspace);
  const past = await catalog.backups.list({ workspace, status: 'completed', limit: PAST_BACKUPS });
  const lengthMs = usualLengthMs(past) ?? GUESS_MS;
  const map = createHeatMap(activity, zoneOf(room, workspace));
  const quiet = findQuietHours(map, lengthMs);
  if (quiet) return { workspace, map, quiet, lengthMs, pastBackups: past.length };
  const hours = samplesOf(activity).length;
  throw new UserError('nothing-to-do', tooFew(workspace, hours), {
    hint:
      hours === 0
        ? 'Every hour is looked at while `cml serve` runs, where the platform tells what people run.'
        : 'Each hour of the day has to be seen three times: leave `cml serve` running, and ask again in some days.',
  });
}

function tooFew(workspace: string, hours: number): string {
  if (hours === 0) return `What people run in ${workspace} was never seen yet: nobody can say when it is quiet.`;
  return `${workspace} was looked at in only ${hours} ${hours === 1 ? 'hour' : 'hours'} yet: too few to say when it is quiet.`;
}

/** The one that its backups are scheduled in, else that of this machine. */
function zoneOf({ world }: Room, workspace: string): string {
  const schedules = world.upkeep?.().schedules.filter((one) => one.workspace === workspace) ?? [];
  const its = schedules.find(({ does }) => does === 'backup') ?? schedules[0];
  return its?.settings.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}
