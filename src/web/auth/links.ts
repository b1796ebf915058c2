import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Person } from '../../records/person.ts';
import { hashOf } from './hash.ts';

/** How long a link that logs somebody in is good for. */
export const LINK_MS = 600_000;
/** Of one person; the oldest is forgotten. */
const MOST_EACH = 5;

/** What a link that logs in carries. It is good once, for ten minutes, and for the life of this server. */
export interface Links {
  make(person: Person): { readonly link: string; readonly until: Date };
  /** Who it would log in, without using it. */
  look(link: string): Person | undefined;
  /** The same, and never again. */
  use(link: string): Person | undefined;
}

export function createLinks(clock: Clock): Links {
  const made = new Map<string, { readonly person: Person; readonly until: Date }>();

  function look(link: string): Person | undefined {
    const found = made.get(hashOf(link));
    return found && found.until > clock.now() ? found.person : undefined;
  }

  function makeRoom({ name }: Person): void {
    for (const [hash, { until }] of made) if (until <= clock.now()) made.delete(hash);
    const own = [...made].filter(([, { person }]) => person.name === name);
    for (const [hash] of own.slice(0, Math.max(0, own.length + 1 - MOST_EACH))) made.delete(hash);
  }

  return {
    make(person) {
      makeRoom(person);
      const link = randomBytes(32).toString('base64url');
      const until = new Date(clock.now().getTime() + LINK_MS);
      made.set(hashOf(link), { person, until });
      return { link, until };
    },
    look,
    use(link) {
      const person = look(link);
      made.delete(hashOf(link));
      return person;
    },
  };
}
