import { UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Person } from '../records/person.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import { beginsUntil, lookOnceMore, windowClosesAt } from './once-free.ts';
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
  const closesAt = windowClosesAt(schedule, slotAt);
  const storageClasses = await storageClassesOf(room, wish.workspace);
  const scheduled = {
    id: schedule.id,
    slotAt: slotAt.toISOString(),
    ...(closesAt ? { windowClosesAt: closesAt.toISOString() } : {}),
  };
  const until = beginsUntil(room, schedule, slotAt);
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

function launched(running: RunningOperation): Fired {
  return { status: 'launched', operationId: running.operation().id };
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
