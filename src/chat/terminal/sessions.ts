import { randomBytes } from 'node:crypto';
import { UserError } from '../../errors.ts';
import { proveOwner } from './proof.ts';
import type { Challenge } from './protocol.ts';

const CHALLENGE_MS = 30_000;
const SESSION_MS = 10 * 60_000;
/** Whoever asks without ever proving must not fill our memory. */
const MOST_CHALLENGES = 1_000;

export interface Sessions {
  challenge(): Challenge;
  /** @throws UserError `not-allowed` */
  prove(name: string): Promise<{ readonly session: string; readonly uid: number }>;
  /** The uid of a session; undefined when it is unknown or over. */
  uidOf(session: string): number | undefined;
}

const secret = () => randomBytes(32).toString('hex');

function dropBefore(entries: Map<string, { readonly until: number }>, now: number): void {
  for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
}

/** Who has proven their uid, for some minutes; kept in memory only, so that a restart asks again. */
export function createSessions(noncesFolder: string, now: () => number): Sessions {
  const challenges = new Map<
    string,
    { readonly challenge: Challenge; readonly issuedAt: number; readonly until: number }
  >();
  const sessions = new Map<string, { readonly uid: number; readonly until: number }>();
  return {
    challenge() {
      dropBefore(challenges, now());
      const oldest = challenges.keys().next().value;
      if (challenges.size >= MOST_CHALLENGES && oldest !== undefined) challenges.delete(oldest);
      const challenge = { name: secret(), content: secret() };
      challenges.set(challenge.name, { challenge, issuedAt: now(), until: now() + CHALLENGE_MS });
      return challenge;
    },
    async prove(name) {
      const asked = challenges.get(name);
      challenges.delete(name); // one try for each
      if (!asked || asked.until <= now()) {
        throw new UserError(
          'not-allowed',
          'Who is calling could not be proven: the question was not asked or is too old.',
        );
      }
      const uid = await proveOwner(noncesFolder, asked.challenge, asked.issuedAt);
      dropBefore(sessions, now());
      const session = secret();
      sessions.set(session, { uid, until: now() + SESSION_MS });
      return { session, uid };
    },
    uidOf(session) {
      dropBefore(sessions, now());
      return sessions.get(session)?.uid;
    },
  };
}
