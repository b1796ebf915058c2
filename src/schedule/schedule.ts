import type { Person } from '../records/person.ts';
import type { ScheduleSettings, ScheduleTask } from './settings.ts';

/** One schedule as it stands now. */
export interface Scheduled {
  /** `<workspace>/<name>`; without a workspace `/<name>`. */
  readonly id: string;
  readonly name: string;
  /** Absent: of all workspaces. */
  readonly workspace?: string;
  readonly does: ScheduleTask;
  readonly settings: ScheduleSettings;
}

/** What became of one slot, as far as its declaration can say. */
export type Fired =
  /** An operation began; its own end tells the rest. */
  | { readonly status: 'launched'; readonly operationId: string }
  | { readonly status: 'done'; readonly because?: string }
  /** `skipped`: nothing to be done, or something else is at it. `put-off`: it was to be done and was not; people are told. */
  | { readonly status: 'skipped' | 'put-off'; readonly because: string };

/** What happens unasked, as data: the machinery knows when, the declaration says what. */
export interface ScheduleDeclaration<Context> {
  readonly does: ScheduleTask;
  readonly summary: string;
  /** For what nobody configures: when it happens, always and for all workspaces. */
  readonly always?: { readonly when: string; readonly zone: string };
  /**
   * True where an operation stands on record as soon as anything was done: when the server died before that, the slot is
   * begun anew while its window is open. Absent: what was begun once is never begun again.
   */
  readonly mayBeginAgain?: boolean;
  /** A refusal of the door (a `UserError`) counts as skipped, with its sentence; any other failure as failed. */
  run(context: Context): Promise<Fired>;
}

export function defineSchedule<Context>(declaration: ScheduleDeclaration<Context>): ScheduleDeclaration<Context> {
  return declaration;
}

/** Who asks when nobody does. */
export const nobody: Person = { name: 'schedule', proof: 'schedule' };
