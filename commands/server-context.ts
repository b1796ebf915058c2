import type { Person } from '../src/records/person.ts';
import type { CommandContext } from './context.ts';

/** What words of the deployer are handed that the server answers. */
export interface ServerContext extends CommandContext {
  /** The page's address, and a link to it that logs this person in, once. */
  linkFor(person: Person): Promise<{ readonly page: string; readonly login: string; readonly until: Date }>;
}
