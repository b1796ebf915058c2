import { z } from 'zod';
import { operationId } from './ids.ts';
import { personName } from './person.ts';
import { moment } from './time.ts';
import { workspaceName } from './workspace.ts';

export const scheduleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a schedule is named with lower-case letters, digits and dashes');

/** `<workspace>/<name>`; what is scheduled for all workspaces has no workspace: `/digest`. */
export const scheduleId = z.string().refine((id) => {
  const [workspace, name, ...rest] = id.split('/');
  const isOfAll = workspace === '' || workspaceName.safeParse(workspace).success;
  return isOfAll && rest.length === 0 && scheduleName.safeParse(name).success;
}, 'a schedule is known as <workspace>/<name>');

export function scheduleIdOf(workspace: string | undefined, name: string): string {
  return `${workspace ?? ''}/${name}`;
}

/** What became of one slot. `launched`: an operation began, whose own end tells the rest. */
export const scheduleOutcome = z.object({
  at: moment,
  slotAt: moment,
  status: z.enum(['launched', 'done', 'skipped', 'put-off', 'missed', 'failed']),
  because: z.string().optional(),
  /** People have to be told and were not yet. */
  untold: z.boolean().optional(),
});
export type ScheduleOutcome = z.infer<typeof scheduleOutcome>;

/** As many missed slots are kept, the newest last. */
export const MISSED_KEPT = 20;

/** What is remembered of one schedule; the configuration alone says what it does and when. */
export const scheduleState = z.object({
  schema: z.literal(1),
  id: scheduleId,
  /** How the schedule read when it was last looked at: a changed one begins anew, and catches nothing up. */
  timing: z.string().optional(),
  /** Up to here every slot was dealt with, whatever became of it. Written before anything is done about a slot. */
  lastSlotAt: moment.optional(),
  /** The newest slot that was begun, and when. */
  lastFiredAt: moment.optional(),
  /** Begun, and nothing is known yet of what became of it: after a crash, what has to be looked at. */
  firing: z.object({ slotAt: moment, at: moment }).optional(),
  lastOperationId: operationId.optional(),
  lastOutcome: scheduleOutcome.optional(),
  paused: z.object({ by: personName, at: moment, reason: z.string().optional() }).optional(),
  /** The one slot that a person asked to leave out. */
  skip: z.object({ slotAt: moment, by: personName, at: moment }).optional(),
  missed: z.array(z.object({ slotAt: moment, because: z.string() })).max(MISSED_KEPT),
});
export type ScheduleState = z.infer<typeof scheduleState>;
