import { MISSED_KEPT, type ScheduleOutcome, type ScheduleState } from '../records/schedule-state.ts';
import type { Fired } from './schedule.ts';
import type { ScheduleSettings } from './settings.ts';

/** What a schedule's state is compared by: another expression or zone makes other slots. */
export function timingText({ when, zone }: Pick<ScheduleSettings, 'when' | 'zone'>): string {
  return `${when} | ${zone}`;
}

/** From then on only: neither a new schedule nor a changed one begins at once. Undefined where nothing is new. */
export function begunAnew(state: ScheduleState, settings: ScheduleSettings, from: Date): ScheduleState | undefined {
  const timing = timingText(settings);
  if (state.lastSlotAt !== undefined && state.timing === timing) return undefined;
  const { skip: _skip, ...rest } = state;
  return { ...rest, timing, lastSlotAt: from.toISOString() };
}

/**
 * The slot is about to be begun. Undefined when it was dealt with already. What is not cleared from `firing` by the end
 * of this life is looked at by the next one.
 */
export function firing(state: ScheduleState, slotAt: Date, now: Date): ScheduleState | undefined {
  if (state.lastSlotAt !== undefined && Date.parse(state.lastSlotAt) >= slotAt.getTime()) return undefined;
  const at = now.toISOString();
  return { ...state, lastSlotAt: slotAt.toISOString(), lastFiredAt: at, firing: { slotAt: slotAt.toISOString(), at } };
}

/** What became of it. */
export function fired(state: ScheduleState, outcome: ScheduleOutcome, operationId?: string): ScheduleState {
  const { firing: _firing, ...rest } = state;
  return { ...rest, lastOutcome: outcome, ...(operationId === undefined ? {} : { lastOperationId: operationId }) };
}

/** Slots that passed without anything being begun; the last of them is dealt with. */
export function missed(state: ScheduleState, slots: readonly Date[], because: string, now: Date): ScheduleState {
  const last = slots.at(-1)?.toISOString();
  if (last === undefined) return state;
  const more = slots.map((slot) => ({ slotAt: slot.toISOString(), because }));
  return {
    ...state,
    lastSlotAt: last,
    missed: [...state.missed, ...more].slice(-MISSED_KEPT),
    lastOutcome: { at: now.toISOString(), slotAt: last, status: 'missed', because, untold: true },
  };
}

/** One slot that was left out. A person's wish to skip it has come true with it. */
export function skipped(
  state: ScheduleState,
  { slotAt, because, isPutOff = false }: { slotAt: Date; because: string; isPutOff?: boolean | undefined },
  now: Date,
): ScheduleState {
  const { skip, ...rest } = state;
  const isDone = skip === undefined || Date.parse(skip.slotAt) <= slotAt.getTime();
  const status = isPutOff ? 'put-off' : 'skipped';
  return {
    ...rest,
    ...(isDone ? {} : { skip }),
    lastSlotAt: slotAt.toISOString(),
    lastOutcome: {
      ...{ at: now.toISOString(), slotAt: slotAt.toISOString(), status, because },
      ...(isPutOff ? { untold: true } : {}),
    },
  };
}

/** A slot that an earlier life wrote down and did not begin: as if nobody had looked at it yet. */
export function unfired(state: ScheduleState): ScheduleState {
  const { firing: begun, ...rest } = state;
  if (!begun) return state;
  return { ...rest, lastSlotAt: new Date(Date.parse(begun.slotAt) - 1).toISOString() };
}

export function outcomeOf(result: Fired, slotAt: Date, now: Date): ScheduleOutcome {
  const because = 'because' in result && result.because !== undefined ? { because: result.because } : {};
  const isExpected = result.status === 'launched' || result.status === 'done';
  return {
    ...{ at: now.toISOString(), slotAt: slotAt.toISOString(), status: result.status, ...because },
    ...(isExpected ? {} : { untold: true }),
  };
}
