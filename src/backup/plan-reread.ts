import type { Slice } from '../mover/mover.ts';
import type { WorkspaceMarks } from '../records/marks.ts';

export interface RereadPace {
  /** All data is read again within this time, in milliseconds. */
  readonly withinMs: number;
  /** The longest time between two checks, in milliseconds. */
  readonly everyMs: number;
}

export interface RereadPlan {
  /** The round that the slices belong to. */
  readonly of: number;
  readonly beganAt: string;
  /** The slices that are due, in order. */
  readonly from: number;
  readonly to: number;
}

/** More slices than this cannot be told apart: by the first byte of an id. */
const MOST_SLICES = 256;

/**
 * Which slices are due; a pure function. A round has as many slices as there are checks in the time, so that each check
 * reads one; after checks that did not happen it reads those too. The next round begins after the last slice.
 */
export function planReread(reread: WorkspaceMarks['reread'], { withinMs, everyMs }: RereadPace, now: Date): RereadPlan {
  const goesOn = reread && reread.done < reread.of ? reread : undefined;
  const of = goesOn?.of ?? Math.min(MOST_SLICES, Math.max(1, Math.floor(withinMs / Math.max(1, everyMs))));
  const beganAt = goesOn?.beganAt ?? now.toISOString();
  const done = goesOn?.done ?? 0;
  // A clock that was put back makes nothing due: then one slice is read, as always.
  const elapsedMs = Math.max(0, now.getTime() - Date.parse(beganAt));
  // Rounded: a check that begins some seconds later than the one before must not read two.
  const due = Math.round((of * elapsedMs) / withinMs) + 1;
  return { of, beganAt, from: done + 1, to: Math.min(of, Math.max(done + 1, due)) };
}

export function isDue({ index, of }: Slice, plan: RereadPlan): boolean {
  return of === plan.of && index >= plan.from && index <= plan.to;
}

/** What was found damaged before comes first, so that it is known when it was put right. */
export function slicesToRead(plan: RereadPlan, damaged: readonly Slice[]): Slice[] {
  const due = Array.from({ length: plan.to - plan.from + 1 }, (_, nth) => ({ index: plan.from + nth, of: plan.of }));
  return [...damaged.filter((slice) => !isDue(slice, plan)).map(({ index, of }) => ({ index, of })), ...due];
}
