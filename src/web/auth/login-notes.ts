import type { Clock } from '../../clock.ts';
import { explain, isAppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Login } from '../../orchestrator/note-login.ts';
import type { Person } from '../../records/person.ts';
import { createBuckets } from './bucket.ts';

/** Refusals that are written down: sixty, then one a minute. Strangers must not fill the disk; the log counts the rest. */
const REFUSALS = { most: 60, refillMs: 60_000 };
/** Nobody knows who that was. */
const SOMEBODY: Person = { name: 'somebody', proof: 'none' };

/** Logins in the audit trail. */
export interface LoginNotes {
  entered(person: Person, from: string): Promise<void>;
  left(person: Person, from: string): Promise<void>;
  refused(why: Error | undefined, from: string): Promise<void>;
}

export interface LoginNotesOptions {
  readonly note: (login: Login) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createLoginNotes({ note, clock, log }: LoginNotesOptions): LoginNotes {
  const refusals = createBuckets({ ...REFUSALS, now: () => clock.now().getTime() });

  function mayNote(): boolean {
    try {
      refusals.check('all');
    } catch (error) {
      if (isAppError(error)) return false;
      throw error;
    }
    refusals.take('all');
    return true;
  }

  return {
    async entered(by, from) {
      await note({ by, did: 'logged in', reason: `to the page, from ${from}` });
      log.info({ person: by.name, proof: by.proof, from }, 'somebody logged in to the page');
    },
    async left(by, from) {
      await note({ by, did: 'logged out', reason: `of the page, from ${from}` });
      log.info({ person: by.name, from }, 'somebody logged out of the page');
    },
    async refused(err, from) {
      log.warn({ err, from }, 'a login to the page was refused');
      if (!mayNote()) return;
      const why = err === undefined ? 'not known' : explain(err).replace(/\.$/, '');
      await note({ by: SOMEBODY, did: 'login refused', reason: `${why}, from ${from}` });
    },
  };
}
