import { writeDuration } from '../records/time.ts';
import { blackoutAt } from './blackout.ts';
import { jitterOf } from './jitter.ts';
import type { ScheduleSettings } from './settings.ts';
import { latestSlots } from './slots.ts';
import { type Timing, timingOf } from './timing.ts';
import { windowEndsAt } from './window.ts';
import { writeSlot } from './write-slots.ts';
import { MINUTE_MS } from './zone.ts';

/** What is looked at of a schedule's state; moments are ISO 8601. */
export interface DueState {
  readonly id: string;
  /** Up to here every slot was dealt with, whatever became of it. Absent: the schedule is new, and nothing is caught up. */
  readonly lastSlotAt?: string | undefined;
  readonly lastFiredAt?: string | undefined;
  readonly paused?: { readonly by: string } | undefined;
  readonly skip?: { readonly slotAt: string; readonly by: string } | undefined;
}

export interface DueQuestion {
  readonly settings: ScheduleSettings;
  readonly state: DueState;
  readonly now: Date;
  /** When the same life of the server asked before: tells a jump of the clock from the time that passes. */
  readonly lastTickAt?: Date | undefined;
  /** From the beginning to the end, notice included, by past runs. Absent: unknown. */
  readonly forecastMs?: number | undefined;
  /** How long people are warned, where the schedule itself does not say. */
  readonly noticeMs?: number | undefined;
}

/**
 * What has to be done now. Whoever asks writes `lastSlotAt` before acting: `slotAt`, the last of `slots`, or `lookFrom`;
 * then asks again, until the answer is to wait.
 */
export type Due =
  | { readonly type: 'wait'; readonly nextAt: Date | undefined }
  | { readonly type: 'fire'; readonly slotAt: Date; readonly isLate: boolean; readonly warning?: string }
  /** `slots` are the latest of them, `hasMore` says that there were others before. */
  | {
      readonly type: 'missed';
      readonly slots: readonly Date[];
      readonly hasMore: boolean;
      readonly because: string;
      readonly nextAt: Date | undefined;
    }
  /** `isPutOff`: it was to run, and people expect it; otherwise people or the calendar have decided so. */
  | { readonly type: 'skip'; readonly slotAt: Date; readonly because: string; readonly isPutOff?: boolean }
  /** The clock went back: what is on record is ahead of it, and slots count from here again. */
  | { readonly type: 'clock-went-back'; readonly lookFrom: Date };

/** Later than this a slot is a late one: the tick comes every minute. */
const LATE_MS = 2 * MINUTE_MS;
/** A late slot needs this much room before the next one. Source: Kopia's runMissed. */
const ROOM_BEFORE_NEXT_MS = 30 * MINUTE_MS;
/** More would say nothing; a schedule's state keeps twenty. */
const MOST_REPORTED = 20;
/** A clock set to the wrong zone is off by hours, one that lost its battery by days. */
const SMALL_STEP_MS = 3 * 3_600_000;
const LARGE_STEP_MS = 12 * 3_600_000;
const NOBODY_THERE = 'the server was not running then';

export function decideDue(question: DueQuestion): Due {
  const { settings, state, now } = question;
  const timing = timingOf(settings);
  const from = lookFrom(settings, state, now);
  if (from > now.getTime()) return ahead(timing, question, from);
  const next = timing.slotAfter(new Date(from));
  if (!next || next > now) return { type: 'wait', nextAt: beginsAt(settings, state, next) };

  const { slots, hasMore } = latestSlots(timing.expression, timing.zone, new Date(from), now, MOST_REPORTED + 1);
  const latest = slots.at(-1) ?? next;
  const nextSlot = timing.slotAfter(now);
  if (slots.length > 1) return overtaken(question, slots.slice(0, -1), hasMore, beginsAt(settings, state, nextSlot));
  return decideSlot(question, latest, nextSlot);
}

/** A new schedule is looked at from the minute before, so that neither writing nor changing one makes it begin at once. */
function lookFrom(settings: ScheduleSettings, state: DueState, now: Date): number {
  if (state.lastSlotAt !== undefined) return Date.parse(state.lastSlotAt);
  return now.getTime() - MINUTE_MS - settings.jitter;
}

/**
 * What was dealt with lies in the future: the clock went back. A small step, after a slot that did run, must not make
 * it run twice; a large one must not silence the schedule until the clock is there again.
 */
function ahead(timing: Timing, { settings, state, now, lastTickAt }: DueQuestion, from: number): Due {
  const next = timing.slotAfter(new Date(from));
  const didRun = state.lastFiredAt !== undefined && Date.parse(state.lastFiredAt) >= from;
  const hasJumped = lastTickAt !== undefined && lastTickAt.getTime() - now.getTime() >= LARGE_STEP_MS;
  const small = Math.min(SMALL_STEP_MS, next ? (next.getTime() - from) / 2 : SMALL_STEP_MS);
  if (!didRun || hasJumped || from - now.getTime() >= small) return { type: 'clock-went-back', lookFrom: now };
  return { type: 'wait', nextAt: beginsAt(settings, state, next) };
}

function beginsAt(settings: ScheduleSettings, state: DueState, slot: Date | undefined): Date | undefined {
  return slot && new Date(slot.getTime() + jitterOf(state.id, slot, settings.jitter));
}

/** Newer slots have come since: only the newest may still run. Those that were not to run anyway are not missed. */
function overtaken(question: DueQuestion, slots: readonly Date[], hasMore: boolean, nextAt: Date | undefined): Due {
  const missed = slots.filter((slot) => whyNotAtAll(question, slot) === undefined);
  const last = slots.at(-1);
  if (missed.length > 0) return { type: 'missed', slots: missed, hasMore, because: NOBODY_THERE, nextAt };
  return last
    ? { type: 'skip', slotAt: last, because: whyNotAtAll(question, last) ?? NOBODY_THERE }
    : { type: 'wait', nextAt };
}

function decideSlot(question: DueQuestion, slot: Date, next: Date | undefined): Due {
  const { settings, state, now } = question;
  const rests = whyNotAtAll(question, slot);
  if (rests !== undefined) return { type: 'skip', slotAt: slot, because: rests };
  const beginAt = beginsAt(settings, state, slot) ?? slot;
  if (now < beginAt) return { type: 'wait', nextAt: beginAt };

  const isLate = now.getTime() - beginAt.getTime() > LATE_MS;
  const nextAt = beginsAt(settings, state, next);
  const missed = (isLate ? whyNotLate(question, slot, next) : undefined) ?? whyNotInWindow(question, slot);
  if (missed !== undefined) return { type: 'missed', slots: [slot], hasMore: false, because: missed, nextAt };
  const tooLong = whyTooLong(question, slot);
  if (tooLong === undefined) return { type: 'fire', slotAt: slot, isLate };
  if (settings.tooLong === 'put-off') return { type: 'skip', slotAt: slot, because: tooLong, isPutOff: true };
  return { type: 'fire', slotAt: slot, isLate, warning: tooLong };
}

/** What people or the calendar have decided. */
function whyNotAtAll({ settings, state }: DueQuestion, slot: Date): string | undefined {
  if (state.paused) return `paused by ${state.paused.by}`;
  if (state.skip && Date.parse(state.skip.slotAt) === slot.getTime()) return `skipped by ${state.skip.by}`;
  const { blackouts, zone } = timingOf(settings);
  const blackout = blackoutAt(blackouts, zone, slot);
  return blackout && `nothing begins on ${blackout.text}`;
}

function whyNotLate(
  { settings, now, forecastMs = 0 }: DueQuestion,
  slot: Date,
  next: Date | undefined,
): string | undefined {
  if (settings.misfire === 'report') return NOBODY_THERE;
  const { blackouts, zone, window } = timingOf(settings);
  const closesAt = window && windowEndsAt(window, zone, slot);
  if (closesAt && closesAt <= now) return `${NOBODY_THERE}, and its window closed at ${writeSlot(closesAt, zone)}`;
  const blackout = blackoutAt(blackouts, zone, now);
  if (blackout) return `${NOBODY_THERE}, and nothing begins on ${blackout.text}`;
  if (!next) return undefined;
  const usualRoom = Math.min(ROOM_BEFORE_NEXT_MS, (next.getTime() - slot.getTime()) / 2);
  const isNear = next.getTime() - now.getTime() < Math.max(usualRoom, forecastMs);
  return isNear ? `${NOBODY_THERE}, and the next run is at ${writeSlot(next, zone)} already` : undefined;
}

/** Services must stop before the window closes, whatever the forecast. */
function whyNotInWindow({ settings, now, noticeMs = 0 }: DueQuestion, slot: Date): string | undefined {
  const { window, zone } = timingOf(settings);
  if (!window) return undefined;
  const closesAt = windowEndsAt(window, zone, slot);
  if (!closesAt) return `${writeSlot(slot, zone)} is outside of its window`;
  const leadMs = settings.notice ?? noticeMs;
  if (now.getTime() + leadMs < closesAt.getTime()) return undefined;
  return `with a notice of ${writeDuration(leadMs)} its window closes before services would stop, at ${writeSlot(closesAt, zone)}`;
}

function whyTooLong({ settings, now, forecastMs }: DueQuestion, slot: Date): string | undefined {
  const { window, zone } = timingOf(settings);
  const closesAt = window && windowEndsAt(window, zone, slot);
  if (!closesAt || forecastMs === undefined || now.getTime() + forecastMs <= closesAt.getTime()) return undefined;
  return `it takes about ${writeDuration(forecastMs)} by past runs, and its window closes at ${writeSlot(closesAt, zone)}`;
}
