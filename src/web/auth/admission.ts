import type { Person } from '../../records/person.ts';

/** Who people are, by the configuration as it is now. */
export interface Admission {
  byToken(token: string): Promise<Person | undefined>;
  /**
   * What their word stands on, such as the hash of their token; absent when they would not be let in. As long as it is the
   * same they stay logged in.
   */
  standingOf(person: Person): Promise<string | undefined>;
}
