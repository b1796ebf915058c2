import type { Orchestrator } from '../src/orchestrator/orchestrator.ts';
import type { Person } from '../src/records/person.ts';
import type { Scheduled } from '../src/schedule/schedule.ts';

/** What every declaration is handed: the door, which schedule it is, and who asks. */
export interface ScheduleContext {
  readonly orchestrator: Orchestrator;
  readonly schedule: Scheduled;
  readonly slotAt: Date;
  readonly person: Person;
}
