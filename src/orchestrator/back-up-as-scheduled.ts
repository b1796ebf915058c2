import { ConfigError, UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Person } from '../records/person.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import { timingOf } from '../schedule/timing.ts';
import { windowEndsAt } from '../schedule/window.ts';
import { type BackupWish, requestBackup } from './request-backup.ts';
import type { Room } from './room.ts';
import type { ScheduledTurns } from './scheduled-turns.ts';

/**
 * A backup that is due: waits for its turn among all that are due, as long as services could still stop inside its
 * window. A person who asks for it waits for nothing.
 */
export async function backUpAsScheduled(
  { room, turns }: { readonly room: Room; readonly turns: ScheduledTurns },
  person: Person,
  schedule: Scheduled,
  slotAt: Date,
): Promise<Fired> {
  const wish = wishOf(schedule);
  if (person.proof !== 'schedule') return launched(await requestBackup(room, person, wish));
  const settings = room.settingsOf(wish.workspace);
  const closesAt = windowClosesAt(schedule, slotAt);
  const noticeMs = wish.noticeMs ?? settings.policy.notice;
  const storageClasses = await storageClassesOf(room, wish.workspace);
  const scheduled = {
    id: schedule.id,
    slotAt: slotAt.toISOString(),
    ...(closesAt ? { windowClosesAt: closesAt.toISOString() } : {}),
  };
  const until = closesAt && new Date(closesAt.getTime() - noticeMs);
  const running = await turns.take({ storageClasses, until }, async () => {
    await lookOnceMore(room, schedule);
    return requestBackup(room, person, { ...wish, scheduled });
  });
  if (running) return launched(running);
  const { atOnce } = room.upkeep().limits;
  return {
    status: 'put-off',
    because: `there was no room before its window closed: no more than ${atOnce} scheduled backups run at once`,
  };
}

/** Hours may have passed since it was due. One slip in the file, perhaps of another workspace, must not end all backups. */
async function lookOnceMore({ world }: Room, { id }: Scheduled): Promise<void> {
  try {
    await world.refreshWorkspaces();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    world.log.warn({ schedule: id, err: error }, 'the configuration is not in order: it runs as last configured');
  }
  const { paused } = await world.catalog.schedules.get(id);
  if (paused) throw new UserError('too-late', `It was paused by ${paused.by} while it waited for its turn.`);
}

function launched(running: RunningOperation): Fired {
  return { status: 'launched', operationId: running.operation().id };
}

/** When services must have been told to stop. Undefined: whenever. */
export function windowClosesAt({ settings }: Scheduled, slotAt: Date): Date | undefined {
  const { window, zone } = timingOf(settings);
  return window && windowEndsAt(window, zone, slotAt);
}

function wishOf({ name, workspace, settings }: Scheduled): BackupWish {
  if (workspace === undefined) throw new UserError('bad-input', `The schedule ${name} is of no workspace.`);
  const { notice, timeout, capture, workloads } = settings;
  return {
    ...{ workspace, reason: `schedule ${name}` },
    ...{ noticeMs: notice, timeoutMs: timeout, capture },
    workloads: workloads && { waitForMs: workloads.waitFor, otherwise: workloads.then },
  };
}

/** Only looked at where they count. */
async function storageClassesOf(room: Room, workspace: string): Promise<string[]> {
  if (Object.keys(room.upkeep().limits.atOncePerStorageClass).length === 0) return [];
  const { platform } = room.world.portsFor(room.settingsOf(workspace));
  const { parts } = await platform.inspect();
  return [...new Set(parts.flatMap(({ storageClass }) => storageClass ?? []))];
}
