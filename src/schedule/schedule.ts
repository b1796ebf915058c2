import type { Person } from '../records/person.ts';
import type { ScheduleSettings, ScheduleTask } from './settings.ts';

/** What people declare when and how often, and what the service does of its own. */
export type UnaskedTask = ScheduleTask | 'overdue' | 'sample-workloads';

/** One schedule as it stands now. */
export interface Scheduled {
  /** `<workspace>/<name>`; without a workspace `/<name>`. */
  readonly id: string;
  readonly name: string;
  /** Absent: of all workspaces. */
  readonly workspace?: string;
  readonly does: UnaskedTask;
  readonly settings: Omit<ScheduleSettings, 'does'>;
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
  readonly does: UnaskedTask;
  readonly summary: string;
  /** For what nobody configures: when it happens, always and for all workspaces. */
  readonly always?: { readonly when: string; readonly zone: string };
  /** A refusal of the door (a `UserError`) counts as skipped, with its sentence; any other failure as failed. */
  run(context: Context): Promise<Fired>;
}

export function defineSchedule<Context>(declaration: ScheduleDeclaration<Context>): ScheduleDeclaration<Context> {
  return declaration;
}

/** Who asks when nobody does. */
export const nobody: Person = { name: 'schedule', proof: 'schedule' };
