import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Person } from '../../records/person.ts';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { requireCsrf, requireVisitor, type Visitors, type WebEnv } from '../visitor.ts';
import type { Admission } from './admission.ts';
import type { SessionCookie } from './cookie.ts';
import type { Links } from './links.ts';
import { LoginForm, LoginHelp } from './login-form.tsx';
import { nextPath } from './next-path.ts';
import type { Sessions } from './sessions.ts';

export interface EntranceOptions {
  readonly visitors: Visitors;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly links: Links;
  readonly admission: Admission;
  readonly log: Log;
}

const loginForm = z.object({ token: z.string().max(200).optional(), link: z.string().max(200).optional() });

/** Logging in and out. */
export function createEntrance(options: EntranceOptions): Hono<WebEnv> {
  const { visitors, links } = options;
  const app = new Hono<WebEnv>();
  app.get('/login', async (context) => {
    const carries = context.req.query('link');
    const next = nextPath(context.req.query('next'));
    if (carries === undefined) return showLogin(context, next);
    const person = links.look(carries);
    if (!person) throw notGood();
    context.header('cache-control', 'no-store');
    return showPage(
      context,
      { title: 'Log in' },
      <LoginForm next={next} link={{ carries: carries, name: person.name }} />,
    );
  });
  app.post('/login', (context) => logIn(context, options));
  app.post('/logout', requireVisitor(visitors), requireCsrf, (context) => logOut(context, options));
  return app;
}

function showLogin(context: Context<WebEnv>, next: string): Promise<Response> {
  return showPage(
    context,
    { title: 'Log in' },
    <>
      <LoginForm next={next} />
      <LoginHelp />
    </>,
  );
}

async function logIn(context: Context<WebEnv>, options: EntranceOptions): Promise<Response> {
  const { admission, sessions, cookie, log } = options;
  const person = await personOf(await parseForm(context, loginForm), options);
  const standing = person && (await admission.standingOf(person));
  if (!person || standing === undefined) throw notGood();
  // Never the session from before: whoever knew its id must gain nothing by this login.
  const before = await cookie.read(context.req.raw);
  if (before !== undefined) await sessions.end(before);
  context.header('set-cookie', await cookie.write(await sessions.begin(person, standing)));
  log.info({ person: person.name, proof: person.proof }, 'somebody logged in to the page');
  return context.redirect(nextPath(context.req.query('next')), 303);
}

async function personOf(
  { token, link }: z.infer<typeof loginForm>,
  { admission, links }: EntranceOptions,
): Promise<Person | undefined> {
  if (link !== undefined) return links.use(link);
  return token === undefined ? undefined : admission.byToken(token);
}

async function logOut(context: Context<WebEnv>, { cookie, sessions, log }: EntranceOptions): Promise<Response> {
  context.header('set-cookie', await cookie.clear());
  const id = await cookie.read(context.req.raw);
  if (id !== undefined) await sessions.end(id);
  log.info({ person: context.get('visitor').person.name }, 'somebody logged out of the page');
  return context.redirect('/login', 303);
}

function notGood(): UserError {
  return new UserError('token-needed', 'That token or link is not good, or not any more.', {
    hint: 'A link is good once and for ten minutes. A token is good until another one was made.',
  });
}
