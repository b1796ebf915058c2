import type { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Person } from '../../records/person.ts';
import type { WebSettings } from '../settings.ts';
import type { Role, Visitor, Visitors, WebEnv } from '../visitor.ts';
import type { Admission } from './admission.ts';
import { createSessionCookie } from './cookie.ts';
import { createEntrance } from './entrance.tsx';
import { createLinks } from './links.ts';
import { openSessionFiles } from './session-files.ts';
import { createSessions } from './sessions.ts';

export interface AuthOptions {
  readonly settings: Pick<WebSettings, 'url' | 'port'>;
  /** The data folder. */
  readonly folder: string;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Auth {
  readonly visitors: Visitors;
  /** Where people log in and out. */
  readonly entrance: Hono<WebEnv>;
  /** The path that logs this person in, once and soon. @throws UserError `not-allowed`. */
  invite(person: Person): Promise<{ readonly path: string; readonly until: Date }>;
}

/** Downloads are of a role that nobody has by being known only. */
const ROLES: readonly Role[] = ['look', 'change', 'decide'];

/** @throws PortError `disk-full`, `server-unavailable`. */
export async function createAuth({ settings, folder, admission, clock, log }: AuthOptions): Promise<Auth> {
  const files = await openSessionFiles(folder, log);
  const sessions = createSessions({ files, clock, log });
  const cookie = createSessionCookie(settings, files.key);
  const links = createLinks(clock);

  /** With every question: no browser adds this by itself, so that it needs no further proof of where it comes from. */
  async function byToken(header: string): Promise<Visitor | undefined> {
    const token = /^Bearer +(.{1,200})$/i.exec(header)?.[1];
    const person = token === undefined ? undefined : await admission.byToken(token);
    return person && { person, roles: ROLES, csrf: undefined };
  }

  async function bySession(request: Request): Promise<Visitor | undefined> {
    const id = await cookie.read(request);
    // What scripts of the page ask for by themselves would else keep a session for ever that nobody sits before.
    const isUse = !request.headers.get('accept')?.includes('text/event-stream');
    const session = id === undefined ? undefined : sessions.find(id, isUse);
    if (id === undefined || !session) return undefined;
    const { person, standing, csrf } = session;
    if ((await admission.standingOf(person)) === standing) return { person, roles: ROLES, csrf };
    await sessions.end(id); // not one of us any more, or with another token
    return undefined;
  }

  const visitors: Visitors = {
    who(request) {
      const authorization = request.headers.get('authorization');
      return authorization === null ? bySession(request) : byToken(authorization);
    },
  };
  return {
    visitors,
    entrance: createEntrance({ visitors, sessions, cookie, links, admission, log }),
    async invite(person) {
      if ((await admission.standingOf(person)) === undefined) {
        throw new UserError('not-allowed', `${person.name} cannot be let in to the page.`);
      }
      const { link, until } = links.make(person);
      return { path: `/login?link=${link}`, until };
    },
  };
}
