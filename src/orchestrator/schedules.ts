import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { ScheduleState } from '../records/schedule-state.ts';
import { isBlackout } from '../schedule/blackout.ts';
import { jitterOf } from '../schedule/jitter.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import { nextSlots } from '../schedule/slots.ts';
import { timingOf } from '../schedule/timing.ts';
import type { Room } from './room.ts';

/** A schedule as people look at it. */
export interface ScheduleView {
  readonly schedule: Scheduled;
  /** When it runs, in words. */
  readonly words: string;
  /** Its next times, the first one first; none while it is paused. `at`: when it begins, `slotAt` and its jitter. */
  readonly next: readonly { readonly slotAt: string; readonly at: string }[];
  readonly state: ScheduleState;
  /** The operation that it began last, as it stands now. */
  readonly last?: Pick<Operation, 'id' | 'status' | 'error' | 'startedAt' | 'endedAt'>;
}

/** Which schedules are meant. Without a workspace: all there are. */
export interface ScheduleWish {
  readonly workspace?: string | undefined;
  readonly name?: string | undefined;
}

const SHOWN = 5;
/** Blackout dates leave slots out: so many are looked at for those that are shown. */
const LOOKED_AT = 60;

export async function listSchedules(room: Room, wish: ScheduleWish): Promise<ScheduleView[]> {
  return Promise.all(find(room, wish).map((schedule) => viewOf(room, schedule)));
}

/** No more runs until somebody resumes it; one that runs now goes on. */
export async function pauseSchedules(room: Room, person: Person, wish: ScheduleWish, reason?: string) {
  const at = room.world.clock.now().toISOString();
  const paused = { by: person.name, at, ...(reason === undefined ? {} : { reason }) };
  return changeAll(room, person, wish, {
    did: 'schedule paused',
    reason,
    already: 'is paused already',
    decide: (state) => (state.paused ? undefined : { ...state, paused }),
  });
}

/** The next slot is the first that runs: nothing is caught up. One that is not paused leaves no slot out any more. */
export async function resumeSchedules(room: Room, person: Person, wish: ScheduleWish) {
  const now = room.world.clock.now().toISOString();
  return changeAll(room, person, wish, {
    did: 'schedule resumed',
    already: 'is not paused, and leaves nothing out',
    decide: (before) => {
      const { paused, lastSlotAt, ...state } = before;
      if (!paused) return leavesOut(before) ? withoutSkip(before) : undefined;
      return { ...state, lastSlotAt: lastSlotAt !== undefined && lastSlotAt > now ? lastSlotAt : now };
    },
  });
}

/** Leaves out its next slot, and only that. */
export async function skipNext(room: Room, person: Person, wish: ScheduleWish): Promise<ScheduleView> {
  const schedule = findOne(room, wish);
  const { next } = await viewOf(room, schedule);
  const slotAt = next[0]?.slotAt;
  if (slotAt === undefined) {
    throw new UserError('nothing-to-do', `${schedule.id} has no next time.`, {
      hint: 'Is it paused? See: cml schedule',
    });
  }
  const at = room.world.clock.now().toISOString();
  const [view] = await changeAll(room, person, wishOf(schedule), {
    did: 'schedule skipped',
    already: 'leaves out its next time already',
    decide: (state) => (leavesOut(state) ? undefined : { ...state, skip: { slotAt, by: person.name, at } }),
  });
  if (!view) throw new TypeError(`the schedule ${schedule.id} is gone`);
  return view;
}

/** Somebody wished so, and the slot has not come yet. */
function leavesOut({ skip, lastSlotAt }: ScheduleState): boolean {
  return skip !== undefined && (lastSlotAt === undefined || skip.slotAt > lastSlotAt);
}

function withoutSkip({ skip: _skip, ...state }: ScheduleState): ScheduleState {
  return state;
}

/** What it does, now; its slots stay as they are. */
export async function runNow(room: Room, person: Person, wish: ScheduleWish): Promise<{ id: string; fired: Fired }> {
  const schedule = findOne(room, wish);
  requireOperatorOf(room, person, schedule);
  if (!room.world.fire) throw new UserError('nothing-to-do', 'This server runs no schedules.');
  const now = room.world.clock.now();
  const fired = await room.world.fire(schedule, now, person);
  await note(room, person, 'schedule run', schedule);
  return { id: schedule.id, fired };
}

interface Change {
  readonly did: string;
  readonly reason?: string | undefined;
  /** Said of the only one that was meant when there is nothing to change. */
  readonly already: string;
  decide(state: ScheduleState): ScheduleState | undefined;
}

async function changeAll(room: Room, person: Person, wish: ScheduleWish, change: Change): Promise<ScheduleView[]> {
  const schedules = find(room, wish);
  for (const schedule of schedules) requireOperatorOf(room, person, schedule);
  let changed = 0;
  for (const schedule of schedules) {
    let isChanged = false;
    await room.world.catalog.schedules.change(schedule.id, (state) => {
      const next = change.decide(state);
      isChanged = next !== undefined;
      return next;
    });
    if (isChanged) await note(room, person, change.did, schedule, change.reason);
    changed += isChanged ? 1 : 0;
  }
  if (changed === 0) {
    const [only] = schedules;
    const subject = schedules.length === 1 && only ? only.id : `every schedule of ${wish.workspace}`;
    throw new UserError('nothing-to-do', `${subject} ${change.already}.`);
  }
  return Promise.all(schedules.map((schedule) => viewOf(room, schedule)));
}

async function viewOf(room: Room, schedule: Scheduled): Promise<ScheduleView> {
  const { catalog, clock } = room.world;
  const state = await catalog.schedules.get(schedule.id);
  const { expression, zone, blackouts } = timingOf(schedule.settings);
  const now = clock.now().getTime();
  const beginsAt = (slot: Date) => slot.getTime() + jitterOf(schedule.id, slot, schedule.settings.jitter);
  // One whose time has come may not have begun yet.
  const from = new Date(Math.max(now - schedule.settings.jitter, Date.parse(state.lastSlotAt ?? '') || 0));
  const slots = nextSlots(expression, zone, from, LOOKED_AT).filter(
    (slot) => beginsAt(slot) > now && !isBlackout(blackouts, zone, slot) && state.skip?.slotAt !== slot.toISOString(),
  );
  const next = slots.slice(0, SHOWN).map((slot) => ({
    slotAt: slot.toISOString(),
    at: new Date(beginsAt(slot)).toISOString(),
  }));
  const last = state.lastOperationId === undefined ? undefined : await catalog.operations.get(state.lastOperationId);
  const shown = last && { last: inShort(last) };
  return { schedule, words: expression.words, next: state.paused ? [] : next, state, ...shown };
}

/** Nothing of its journal or settings: views go out to whoever looks. */
function inShort({ id, status, error, startedAt, endedAt }: Operation): NonNullable<ScheduleView['last']> {
  return { id, status, startedAt, ...(error ? { error } : {}), ...(endedAt === undefined ? {} : { endedAt }) };
}

function find(room: Room, { workspace, name }: ScheduleWish): readonly Scheduled[] {
  const { schedules } = room.upkeep();
  if (workspace === undefined) return schedules;
  room.settingsOf(workspace);
  const ofIt = schedules.filter((schedule) => schedule.workspace === workspace);
  const found = ofIt.filter((schedule) => name === undefined || schedule.name === name);
  if (found.length > 0) return found;
  const names = ofIt.map((schedule) => schedule.name);
  if (names.length === 0) {
    throw new UserError('unknown-schedule', `${workspace} has no schedule.`, {
      hint: `Write one under workspaces.${workspace}.schedules in cml.yaml.`,
    });
  }
  throw new UserError('unknown-schedule', `${workspace} has no schedule "${name}".`, {
    hint: suggest(name ?? '', names, `It has: ${names.join(', ')}.`),
  });
}

/** Without a name: the only one there is, or the only one that makes backups. */
function findOne(room: Room, wish: ScheduleWish): Scheduled {
  if (wish.workspace === undefined) throw new UserError('bad-input', 'Name the workspace.');
  const found = find(room, wish);
  const backups = found.filter(({ does }) => does === 'backup');
  const [only, ...others] = found.length === 1 ? found : backups;
  if (only && others.length === 0) return only;
  throw new UserError('bad-input', `${wish.workspace} has several schedules: which one?`, {
    hint: `Name it: ${found.map(({ name }) => name).join(', ')}.`,
  });
}

function wishOf({ workspace, name }: Scheduled): ScheduleWish {
  return { workspace, name };
}

function requireOperatorOf(room: Room, person: Person, { workspace }: Scheduled): void {
  if (workspace !== undefined) room.requireOperator(person, room.settingsOf(workspace));
}

async function note(room: Room, by: Person, did: string, { id, workspace }: Scheduled, reason?: string): Promise<void> {
  await room.world.catalog.audit.append({
    ...{ at: room.world.clock.now().toISOString(), by, did, subject: id },
    ...(workspace === undefined ? {} : { workspace }),
    ...(reason === undefined ? {} : { reason }),
  });
}
