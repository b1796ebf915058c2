import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Person } from '../../records/person.ts';
import { everyScope, type Scope } from '../../records/scope.ts';
import { hashOf, sealOf } from './hash.ts';
import type { SessionFiles, SessionRecord } from './session-files.ts';

/** A session ends after so long without a question, and in any case after so long. */
export const IDLE_MS = 8 * 3_600_000;
export const LONGEST_MS = 72 * 3_600_000;
/** The last use is written no more often: a restart may cost an idle session these minutes. */
const NOTED_EACH_MS = 300_000;
const MOST_EACH = 20;
const MOST = 1_000;

export interface Session {
  readonly person: Person;
  readonly standing: string;
  readonly scopes: readonly Scope[];
  /** Goes with every form of this session, and with no other's. */
  readonly csrf: string;
}

/** Where a session is less than a whole one. */
export interface SessionLimits {
  readonly scopes: readonly Scope[];
  readonly longestMs: number;
}

export interface Sessions {
  /** Answers the id that only their browser shall have. It is kept before it counts. @throws PortError. */
  begin(person: Person, standing: string, limits?: SessionLimits): Promise<string>;
  /** `isUse` says that a person asked, and no page that is only left open. */
  find(id: string, isUse: boolean): Session | undefined;
  /** May be repeated. @throws PortError when it is over for this server only. */
  end(id: string): Promise<void>;
}

const WHOLE: SessionLimits = { scopes: everyScope, longestMs: LONGEST_MS };

export interface SessionsOptions {
  readonly files: SessionFiles;
  readonly clock: Clock;
  readonly log: Log;
}

export function createSessions({ files, clock, log }: SessionsOptions): Sessions {
  const known = new Map(files.sessions.map((session) => [session.hash, session]));
  let saving: Promise<void> = Promise.resolve();
  const now = () => clock.now().getTime();
  const isOver = ({ begunAt, usedAt, endsAt = begunAt + LONGEST_MS }: SessionRecord) =>
    now() - usedAt >= IDLE_MS || now() >= Math.min(endsAt, begunAt + LONGEST_MS);

  /** One after the other; each writes what is known when its turn comes. */
  function save(): Promise<void> {
    const saved = saving.then(() => files.save(known.values()));
    saving = saved.catch(() => undefined); // told to whoever waits for it
    return saved;
  }

  function makeRoomFor({ name }: Person): void {
    for (const session of [...known.values()]) if (isOver(session)) known.delete(session.hash);
    const oldestFirst = [...known.values()].toSorted((one, other) => one.usedAt - other.usedAt);
    const own = oldestFirst.filter(({ person }) => person.name === name);
    for (const { hash } of own.slice(0, Math.max(0, own.length + 1 - MOST_EACH))) known.delete(hash);
    for (const { hash } of oldestFirst) if (known.size >= MOST) known.delete(hash);
  }

  return {
    async begin(person, standing, { scopes, longestMs } = WHOLE) {
      makeRoomFor(person);
      const id = randomBytes(32).toString('base64url');
      const hash = hashOf(id);
      const lasting = { begunAt: now(), usedAt: now(), endsAt: now() + longestMs };
      known.set(hash, { hash, person, standing, scopes: [...scopes], ...lasting });
      try {
        await save();
      } catch (cause) {
        known.delete(hash);
        throw cause;
      }
      return id;
    },
    find(id, isUse) {
      const session = known.get(hashOf(id));
      if (!session || isOver(session)) return undefined;
      if (isUse && now() - session.usedAt >= NOTED_EACH_MS) {
        known.set(session.hash, { ...session, usedAt: now() });
        save().catch((err: unknown) => log.warn({ err }, 'that somebody still uses the page could not be kept'));
      }
      const { person, standing, scopes } = session;
      return { person, standing, scopes, csrf: sealOf(files.key, 'csrf', id) };
    },
    async end(id) {
      if (known.delete(hashOf(id))) await save();
    },
  };
}
