import type { Person } from '../../records/person.ts';
import type { Scope } from '../../records/scope.ts';
import type { Claims } from './oidc/claims.ts';

export interface Admitted {
  readonly person: Person;
  readonly scopes: readonly Scope[];
}

/** Who people are, by the configuration as it is now. */
export interface Admission {
  /** The token of a person, which may log in. */
  byToken(token: string): Promise<Person | undefined>;
  /** The token of a program, which speaks for somebody and may no more than its scopes. */
  byProgram(token: string): Promise<Admitted | undefined>;
  /** Whom an issuer signed in. @throws UserError `not-allowed` when that is nobody known here. */
  bySignIn(claims: Claims): Promise<Admitted>;
  /**
   * What their word stands on, such as the hash of their token; absent when they would not be let in. As long as it is the
   * same they stay logged in.
   */
  standingOf(person: Person): Promise<string | undefined>;
}
