import { writeKind } from '../chat/messages/words.ts';
import { ConfigError, isAppError, UserError } from '../errors.ts';
import type { Person } from '../records/person.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import { timingOf } from '../schedule/timing.ts';
import { windowEndsAt } from '../schedule/window.ts';
import type { EndWatch } from './end-watch.ts';
import type { Room } from './room.ts';

/** Without a window nobody said until when it may begin: a night's run must not stop services by day. */
const PATIENCE_MS = 3_600_000;
/** Before one is tried again that somebody was quicker than, or whose repository is read from elsewhere. */
const PAUSE_MS = 30_000;

interface Slot {
  readonly person: Person;
  readonly schedule: Scheduled;
  readonly slotAt: Date;
}

/**
 * Does what is due once nothing else is done in its workspace: a short verification at the wrong minute must not cost a
 * night's backup. It waits until its window closes, without one for an hour; a restore that was approved goes first. A
 * backup does not wait for another one, which is as good; a person who asks is told at once what is in the way.
 */
export async function onceFree(
  { room, ends }: { readonly room: Room; readonly ends: EndWatch },
  { person, schedule, slotAt }: Slot,
  run: () => Promise<Fired>,
): Promise<Fired> {
  const { workspace } = schedule;
  if (person.proof !== 'schedule' || workspace === undefined) return run();
  const { clock } = room.world;
  const patienceEnds = new Date(clock.now().getTime() + PATIENCE_MS);
  const by = beginsUntil(room, schedule, slotAt) ?? patienceEnds;
  const mayBegin = () => room.isFree(workspace) || isBeingDone(room, schedule, workspace);
  for (let waits = !mayBegin(); ; waits = true) {
    if (!(await ends.until(mayBegin, by))) return putOff(room, workspace, schedule);
    if (waits) await lookOnceMore(room, schedule);
    if (!(await isPromised(room, workspace)) || clock.now() >= by) {
      try {
        return await run();
      } catch (error) {
        const isBusy = isAppError(error) && error.code === 'workspace-busy';
        if (!isBusy || isBeingDone(room, schedule, workspace) || clock.now() >= by) throw error;
      }
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** To a restore that was approved and gets its turn now. */
async function isPromised({ world }: Room, workspace: string): Promise<boolean> {
  return (await world.catalog.requests.list({ workspace, status: 'approved' })).length > 0;
}

/** When services must have been told to stop. Undefined: whenever. */
export function windowClosesAt({ settings }: Scheduled, slotAt: Date): Date | undefined {
  const { window, zone } = timingOf(settings);
  return window && windowEndsAt(window, zone, slotAt);
}

/** When it begins in vain: before services stop, people are still to be told. Undefined: never. */
export function beginsUntil(room: Room, schedule: Scheduled, slotAt: Date): Date | undefined {
  const { workspace, does, settings } = schedule;
  const closesAt = windowClosesAt(schedule, slotAt);
  if (!closesAt || does !== 'backup' || workspace === undefined) return closesAt;
  return new Date(closesAt.getTime() - (settings.notice ?? room.settingsOf(workspace).policy.notice));
}

/** Hours may have passed since it was due. One slip in the file, perhaps of another workspace, must not end all backups. */
export async function lookOnceMore({ world }: Room, { id }: Scheduled): Promise<void> {
  try {
    await world.refreshWorkspaces();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    world.log.warn({ schedule: id, err: error }, 'the configuration is not in order: it runs as last configured');
  }
  const { paused } = await world.catalog.schedules.get(id);
  if (paused) throw new UserError('too-late', `It was paused by ${paused.by} while it waited for its turn.`);
}

function isBeingDone(room: Room, { does }: Scheduled, workspace: string): boolean {
  return does === 'backup' && room.runningIn(workspace)?.operation().kind === 'backup';
}

function putOff(room: Room, workspace: string, { settings }: Scheduled): Fired {
  const other = room.runningIn(workspace)?.operation();
  const what = other ? `the ${writeKind(other.kind)} ${other.id}` : 'something else';
  const until = timingOf(settings).window ? 'until its window closed' : 'for an hour';
  return { status: 'put-off', because: `${workspace} was busy with ${what} ${until}` };
}
