import { AppError, explain, UserError } from '../errors.ts';
import type { ScheduleOutcome } from '../records/schedule-state.ts';
import type { Fired } from './schedule.ts';

export interface Refused {
  readonly status: 'failed';
  readonly because: string;
}

/** What the door refuses is left out with its sentence; what goes wrong otherwise has failed. A bug goes on. */
export function refusalOf(error: unknown): Fired | Refused | 'server-ends' {
  if (error instanceof UserError && error.code === 'server-unavailable') return 'server-ends';
  // Nobody expects anything of what is done already.
  if (error instanceof UserError && error.code === 'nothing-to-do') return { status: 'done', because: error.message };
  if (error instanceof UserError) return { status: 'skipped', because: error.message };
  if (error instanceof AppError) return { status: 'failed', because: explain(error) };
  throw error;
}

export function failureOf({ because }: Refused, slotAt: Date, now: Date): ScheduleOutcome {
  return { at: now.toISOString(), slotAt: slotAt.toISOString(), status: 'failed', because, untold: true };
}
