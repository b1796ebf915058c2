import type { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Login } from '../../orchestrator/note-login.ts';
import type { Person } from '../../records/person.ts';
import { everyScope } from '../../records/scope.ts';
import type { WebSettings } from '../settings.ts';
import type { Visitor, Visitors, WebEnv } from '../visitor.ts';
import type { Admission } from './admission.ts';
import { createSessionCookie } from './cookie.ts';
import { createEntrance } from './entrance.tsx';
import { createLinks } from './links.ts';
import { createLoginNotes, type LoginNotes } from './login-notes.ts';
import { createFlows } from './oidc/flow.ts';
import { createSignIn, type SignIn, type SignInOptions } from './oidc/sign-in.ts';
import { createOpening } from './open-session.ts';
import { openSessionFiles } from './session-files.ts';
import { createSessions } from './sessions.ts';
import { createAddressOf } from './visitor-address.ts';

export interface AuthOptions {
  readonly settings: Pick<WebSettings, 'url' | 'port' | 'trustProxy' | 'oidc'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The data folder. */
  readonly folder: string;
  readonly admission: Admission;
  /** Writes it into the audit trail. */
  readonly note: (login: Login) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Auth {
  readonly visitors: Visitors;
  /** Where people log in and out. */
  readonly entrance: Hono<WebEnv>;
  readonly notes: LoginNotes;
  /** The path that logs this person in, once and soon. @throws UserError `not-allowed`. */
  invite(person: Person): Promise<{ readonly path: string; readonly until: Date }>;
}

/** @throws PortError `disk-full`, `server-unavailable`. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { settings, folder, admission, note, clock, log } = options;
  const files = await openSessionFiles(folder, log);
  const sessions = createSessions({ files, clock, log });
  const cookie = createSessionCookie(settings, files.key);
  const links = createLinks(clock);
  const notes = createLoginNotes({ note, clock, log });
  const addressOf = createAddressOf(settings.trustProxy);
  const open = createOpening({ sessions, cookie, admission, notes, addressOf });
  const signIn = await createSignInIfConfigured(options, files.key, { open, notes, addressOf });

  /** With every question: no browser adds this by itself, so that it needs no further proof of where it comes from. */
  async function byToken(header: string): Promise<Visitor | undefined> {
    const token = /^Bearer +(.{1,200})$/i.exec(header)?.[1];
    if (token === undefined) return undefined;
    const person = await admission.byToken(token);
    const admitted = person ? { person, scopes: everyScope } : await admission.byProgram(token);
    return admitted && { ...admitted, csrf: undefined };
  }

  async function bySession(request: Request): Promise<Visitor | undefined> {
    const id = await cookie.read(request);
    // What scripts of the page ask for by themselves would else keep a session for ever that nobody sits before.
    const isUse = !request.headers.get('accept')?.includes('text/event-stream');
    const session = id === undefined ? undefined : sessions.find(id, isUse);
    if (id === undefined || !session) return undefined;
    const { person, standing, scopes, csrf } = session;
    if ((await admission.standingOf(person)) === standing) return { person, scopes, csrf };
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
    entrance: createEntrance({ visitors, sessions, cookie, links, admission, open, notes, addressOf, signIn }),
    notes,
    async invite(person) {
      if ((await admission.standingOf(person)) === undefined) {
        throw new UserError('not-allowed', `${person.name} cannot be let in to the page.`);
      }
      const { link, until } = links.make(person);
      return { path: `/login?link=${link}`, until };
    },
  };
}

/** Its library is loaded only where it is needed. */
async function createSignInIfConfigured(
  { settings, environment, admission, clock, log }: AuthOptions,
  key: string,
  parts: Pick<SignInOptions, 'open' | 'notes' | 'addressOf'>,
): Promise<SignIn | undefined> {
  const { oidc } = settings;
  if (!oidc) return undefined;
  const { createIssuer } = await import('./oidc/issuer.ts');
  return createSignIn({
    ...{ settings, admission, log, ...parts },
    longestMs: oidc.signInAgainAfter,
    issuer: createIssuer({ settings: oidc, environment, clock }),
    flows: createFlows(settings, key, clock),
  });
}
