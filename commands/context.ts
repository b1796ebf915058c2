import type { Orchestrator } from '../src/orchestrator/orchestrator.ts';
import type { Person } from '../src/records/person.ts';

/** What every word is handed: the door, and who speaks. */
export interface CommandContext {
  readonly orchestrator: Orchestrator;
  readonly person: Person;
}
