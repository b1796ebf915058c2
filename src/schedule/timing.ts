import { type Blackout, readBlackout } from './blackout.ts';
import { type Expression, readExpression } from './expression.ts';
import { nextSlots } from './slots.ts';
import { readWindow, type Window, type WindowText } from './window.ts';

/** What decides when: the part of the settings that is read from text. */
export interface TimingSettings {
  readonly when: string;
  readonly zone: string;
  readonly window?: WindowText | undefined;
  readonly blackout: readonly string[];
}

/** Settings as read, once for each: thousands of them are looked at every minute. */
export interface Timing {
  readonly expression: Expression;
  readonly zone: string;
  readonly window: Window | undefined;
  readonly blackouts: readonly Blackout[];
  /** The first slot after a moment; undefined where no date suits any more. */
  slotAfter(after: Date): Date | undefined;
}

const timings = new WeakMap<TimingSettings, Timing>();

export function timingOf(settings: TimingSettings): Timing {
  const known = timings.get(settings);
  if (known) return known;
  const timing = readTiming(settings);
  timings.set(settings, timing);
  return timing;
}

function readTiming({ when, zone, window, blackout }: TimingSettings): Timing {
  const expression = readExpression(when);
  let cached: { after: number; slot: Date | undefined } | undefined;
  return {
    expression,
    zone,
    window: window === undefined ? undefined : readWindow(window),
    blackouts: blackout.map(readBlackout),
    slotAfter(after) {
      const isKnown =
        cached && after.getTime() >= cached.after && (!cached.slot || after.getTime() < cached.slot.getTime());
      if (!cached || !isKnown) cached = { after: after.getTime(), slot: nextSlots(expression, zone, after, 1)[0] };
      return cached.slot;
    },
  };
}
