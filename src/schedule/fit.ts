import { writeDuration } from '../records/time.ts';
import { nextSlots } from './slots.ts';
import { type TimingSettings, timingOf } from './timing.ts';
import { lengthsOf, type Window, windowEndsAt } from './window.ts';
import { writeSlots } from './write-slots.ts';

export interface FitSettings extends TimingSettings {
  readonly notice?: number | undefined;
  readonly jitter: number;
}

/** Where a schedule is looked at that must give the same answer on every day: a mistake of today is one tomorrow. */
const REFERENCE = new Date('2024-01-01T00:00:00Z');
/** A week tells of nearly all; the rest is looked at for a year of nights. */
const [FIRST_LOOK, LAST_LOOK] = [7, 400];

/**
 * What makes a schedule one that never runs, whatever the year: it would otherwise be missed in silence, night after night.
 * Settings that cannot be read are said elsewhere.
 */
export function fitsNever(
  settings: FitSettings,
  now: Date,
): { key: 'window' | 'when' | 'jitter'; text: string } | undefined {
  const { notice = 0, jitter } = settings;
  const { expression, window } = timingOf({ ...settings, zone: 'UTC', blackout: [] });
  const slotsFrom = (count: number) => nextSlots(expression, 'UTC', REFERENCE, count);
  const closest = jitter > 0 ? shortestGapMs(slotsFrom(LAST_LOOK)) : undefined;
  if (closest !== undefined && jitter >= closest) {
    return {
      key: 'jitter',
      text: `${writeDuration(jitter)} is not shorter than the ${writeDuration(closest)} between two runs`,
    };
  }
  if (!window) return undefined;
  const short = lengthsOf(window).find((length) => length <= notice);
  if (short !== undefined) {
    return {
      key: 'window',
      text: `is open for ${writeDuration(short)}, not longer than the notice of ${writeDuration(notice)}`,
    };
  }
  const isFitting = (slot: Date) => fits(window, 'UTC', slot, notice + jitter);
  if (slotsFrom(FIRST_LOOK).some(isFitting) || slotsFrom(LAST_LOOK).some(isFitting)) return undefined;
  const shown = writeSlots(nextSlots(expression, settings.zone, now, 3), settings.zone);
  if (!slotsFrom(LAST_LOOK).some((slot) => windowEndsAt(window, 'UTC', slot) !== undefined)) {
    return { key: 'when', text: `is never inside its window: it would run ${shown}` };
  }
  const needs = writeDuration(notice + jitter);
  return {
    key: 'when',
    text: `always runs too late in its window: what comes before services stop takes ${needs}, and it would run ${shown}`,
  };
}

/** Whether services would stop before the window closes. */
export function fits(window: Window, zone: string, slot: Date, leadMs: number): boolean {
  const end = windowEndsAt(window, zone, slot);
  return end !== undefined && slot.getTime() + leadMs < end.getTime();
}

function shortestGapMs(slots: readonly Date[]): number | undefined {
  const gaps = slots.slice(1).map((slot, at) => slot.getTime() - (slots[at]?.getTime() ?? 0));
  return gaps.length === 0 ? undefined : Math.min(...gaps);
}
