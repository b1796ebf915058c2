import { fits } from './fit.ts';
import type { WorkspaceSchedules } from './settings.ts';
import { nextSlots, slotsBetween } from './slots.ts';
import { timingOf } from './timing.ts';
import { windowEndsAt } from './window.ts';
import { writeSlots } from './write-slots.ts';
import { DAY_MS } from './zone.ts';

/** Something that is allowed, and hardly meant. */
export interface ScheduleWarning {
  /** Whose setting it is; the first of two that do not go together. */
  readonly schedule: string;
  readonly key: 'when' | 'window' | 'misfire';
  readonly text: string;
}

const SHOWN = 3;
/** More are not looked at: one every quarter of an hour for four months. */
const MOST_LOOKED_AT = 12_000;

/** What people should be told of a workspace's schedules when they are read. `noticeMs` is what its policy says. */
export function scheduleWarnings(schedules: WorkspaceSchedules, now: Date, noticeMs = 0): ScheduleWarning[] {
  const all = Object.entries(schedules);
  return [
    ...all.flatMap(([name, settings]) => warningsOf(name, settings, now, noticeMs)),
    ...collisions(schedules, now),
  ];
}

type Settings = WorkspaceSchedules[string];

function warningsOf(schedule: string, settings: Settings, now: Date, noticeMs: number): ScheduleWarning[] {
  const { expression, zone, window } = timingOf(settings);
  const found: ScheduleWarning[] = [];
  const next = () => writeSlots(nextSlots(expression, zone, now, SHOWN), zone);
  if (expression.hasBothDayFields) {
    const text = `gives a day of the month and a day of the week, and runs on dates that suit ${expression.fields.needsBothDays ? 'both' : 'either'}: ${next()}`;
    found.push({ schedule, key: 'when', text });
  }
  if (!window && settings.does === 'backup' && settings.misfire === 'run') {
    const text = 'there is no window: after the server was down a backup may begin at any time of the day';
    found.push({ schedule, key: 'misfire', text });
  }
  const leadMs = settings.jitter + (settings.does === 'backup' ? (settings.notice ?? noticeMs) : 0);
  const late = window ? slotsOfYear(settings, now).filter((slot) => !fits(window, zone, slot, leadMs)) : [];
  if (window && late.length > 0) {
    const isOutside = late.some((slot) => windowEndsAt(window, zone, slot) === undefined);
    const text = `${isOutside ? 'is not always inside its window' : 'is sometimes too late in its window'}, and is missed then: next ${writeSlots(late.slice(0, SHOWN), zone)}`;
    found.push({ schedule, key: 'when', text });
  }
  return found;
}

/** Two backups of one workspace in one minute: one of them would be refused each time, because the other one runs. */
function collisions(schedules: WorkspaceSchedules, now: Date): ScheduleWarning[] {
  const backups = Object.entries(schedules).filter(([, { does }]) => does === 'backup');
  const slots = backups.map(([name, settings]) => ({ name, settings, slots: slotsOfYear(settings, now) }));
  return slots.flatMap((first, at) =>
    slots.slice(at + 1).flatMap((second): ScheduleWarning[] => {
      const taken = new Set(first.slots.map((slot) => slot.getTime()));
      const both = second.slots.filter((slot) => taken.has(slot.getTime()));
      if (both.length === 0) return [];
      const text = `begins in the same minute as ${second.name}, and one of the two is skipped then: next ${writeSlots(both.slice(0, SHOWN), first.settings.zone)}`;
      return [{ schedule: first.name, key: 'when', text }];
    }),
  );
}

function slotsOfYear(settings: Settings, now: Date): Date[] {
  const { expression, zone } = timingOf(settings);
  return slotsBetween(expression, zone, now, new Date(now.getTime() + 366 * DAY_MS)).slice(0, MOST_LOOKED_AT);
}
