import type { Context } from 'hono';
import { UserError } from '../../errors.ts';
import type { Person } from '../../records/person.ts';
import type { WebEnv } from '../visitor.ts';
import type { Admission } from './admission.ts';
import type { SessionCookie } from './cookie.ts';
import type { LoginNotes } from './login-notes.ts';
import type { SessionLimits, Sessions } from './sessions.ts';
import type { AddressOf } from './visitor-address.ts';

export interface OpeningOptions {
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly admission: Admission;
  readonly notes: LoginNotes;
  readonly addressOf: AddressOf;
}

/** Logs somebody in who has proven who they are, by whatever way. Answers the session's id. */
export type Opening = (context: Context<WebEnv>, person: Person, limits?: SessionLimits) => Promise<string>;

export function createOpening({ sessions, cookie, admission, notes, addressOf }: OpeningOptions): Opening {
  return async (context, person, limits) => {
    const standing = await admission.standingOf(person);
    if (standing === undefined) throw notGood();
    // Never the session from before: whoever knew its id must gain nothing by this login.
    const before = await cookie.read(context.req.raw);
    if (before !== undefined) await sessions.end(before);
    const id = await sessions.begin(person, standing, limits);
    await notes.entered(person, addressOf(context));
    context.header('set-cookie', await cookie.write(id), { append: true });
    return id;
  };
}

export function notGood(): UserError {
  return new UserError('token-needed', 'That token or link is not good, or not any more.', {
    hint: 'A link is good once and for ten minutes. A token is good until another one was made.',
  });
}
