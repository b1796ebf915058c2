import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import type { SecureHeadersVariables } from 'hono/secure-headers';
import { UserError } from '../errors.ts';
import type { Person } from '../records/person.ts';
import type { Scope } from '../records/scope.ts';
import { readForm } from './form.ts';

export interface Visitor {
  readonly person: Person;
  readonly scopes: readonly Scope[];
  /** Has to come back with every change; bound to their session. Absent for who shows a token with every question. */
  readonly csrf: string | undefined;
}

/** Who is there: the one thing that pages know of logins. */
export interface Visitors {
  who(request: Request): Promise<Visitor | undefined>;
}

export interface WebEnv {
  Variables: SecureHeadersVariables & {
    visitor: Visitor;
    /** What the issuer is called where people can sign in elsewhere. */
    signIn?: string;
    /** What was changed before the page was begun; it brings that back when it begins to listen. */
    seen: string;
  };
}

/** Pages are for those who are known. */
export function requireVisitor(visitors: Visitors) {
  return createMiddleware<WebEnv>(async (context, next) => {
    const visitor = await visitors.who(context.req.raw);
    if (!visitor) throw new UserError('token-needed', 'You are not logged in.', { hint: 'Log in, then come back.' });
    context.set('visitor', visitor);
    context.header('cache-control', 'no-store'); // a browser that others use next shows nothing of it again
    await next();
  });
}

/** Stands before every route: whoever holds less is refused, whatever the route would do. */
export function needs(scope: Scope) {
  return createMiddleware<WebEnv>(async (context, next) => {
    const { person, scopes } = context.get('visitor');
    if (!scopes.includes(scope)) {
      throw new UserError('not-allowed', `${person.name} may not do that here: it takes the scope "${scope}".`, {
        hint: `Theirs are: ${scopes.join(', ')}. A token with others is made by: cml token ${person.name} --scope ${scope}`,
      });
    }
    await next();
  });
}

const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** A change counts only with the token that was handed out with the form: no other site can make somebody say it. */
export const requireCsrf = createMiddleware<WebEnv>(async (context, next) => {
  const { csrf } = context.get('visitor');
  if (CHANGING.has(context.req.method) && csrf !== undefined) {
    const given = context.req.header('x-csrf-token') ?? (await readForm(context)).get('csrf');
    if (typeof given !== 'string' || !isSame(given, csrf)) {
      throw new UserError('not-allowed', 'This form is not from your session, so nothing was done.', {
        hint: 'Open the page again and send the form from there.',
      });
    }
  }
  await next();
});

/** Compared by hashes, which are of one length. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
