import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Person } from '../../records/person.ts';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { requireCsrf, requireVisitor, type Visitors, type WebEnv } from '../visitor.ts';
import type { Admission } from './admission.ts';
import type { SessionCookie } from './cookie.ts';
import type { Links } from './links.ts';
import { LoginForm, LoginHelp } from './login-form.tsx';
import type { LoginNotes } from './login-notes.ts';
import { nextPath } from './next-path.ts';
import type { SignIn } from './oidc/sign-in.ts';
import { notGood, type Opening } from './open-session.ts';
import type { Sessions } from './sessions.ts';
import type { AddressOf } from './visitor-address.ts';

export interface EntranceOptions {
  readonly visitors: Visitors;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly links: Links;
  readonly admission: Admission;
  readonly open: Opening;
  readonly notes: LoginNotes;
  readonly addressOf: AddressOf;
  readonly signIn: SignIn | undefined;
}

const loginForm = z.object({ token: z.string().max(200).optional(), link: z.string().max(200).optional() });

/** Logging in and out. */
export function createEntrance(options: EntranceOptions): Hono<WebEnv> {
  const { visitors, links, signIn } = options;
  const app = new Hono<WebEnv>();
  app.use(async (context, next) => {
    if (signIn) context.set('signIn', signIn.name);
    await next();
  });
  if (signIn) app.route('/', signIn.app);
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
      <LoginForm next={next} signIn={context.get('signIn')} />
      <LoginHelp />
    </>,
  );
}

async function logIn(context: Context<WebEnv>, options: EntranceOptions): Promise<Response> {
  const person = await personOf(await parseForm(context, loginForm), options);
  if (!person) throw notGood();
  await options.open(context, person);
  return context.redirect(nextPath(context.req.query('next')), 303);
}

async function personOf(
  { token, link }: z.infer<typeof loginForm>,
  { admission, links }: EntranceOptions,
): Promise<Person | undefined> {
  if (link !== undefined) return links.use(link);
  return token === undefined ? undefined : admission.byToken(token);
}

async function logOut(context: Context<WebEnv>, options: EntranceOptions): Promise<Response> {
  const { cookie, sessions, notes, addressOf, signIn } = options;
  context.header('set-cookie', await cookie.clear());
  const id = await cookie.read(context.req.raw);
  if (id !== undefined) await sessions.end(id);
  const { person } = context.get('visitor');
  await notes.left(person, addressOf(context));
  if (!signIn || id === undefined || person.proof !== 'oidc') return context.redirect('/login', 303);
  const there = await signIn.farewell(context, id);
  return there ? showFarewell(context, signIn.name, there) : context.redirect('/login', 303);
}

/** What a form leads to has to be ours: so the browser is sent on by a page. */
function showFarewell(context: Context<WebEnv>, name: string, there: URL): Promise<Response> {
  context.header('refresh', `0; url=${there.href}`);
  context.header('cache-control', 'no-store');
  return showPage(
    context,
    { title: 'Logged out', isOutside: true },
    <p>
      You are logged out here. <a href={there.href}>Log out at {name} too</a>, if your browser does not go there by
      itself.
    </p>,
  );
}
