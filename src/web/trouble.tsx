import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type AppError, isAppError } from '../errors.ts';
import { LoginForm, LoginHelp } from './auth/login-form.tsx';
import { nextPath } from './auth/next-path.ts';
import { showPage } from './layout.tsx';
import { statusOf } from './status.ts';
import type { WebEnv } from './visitor.ts';

export async function showTrouble(context: Context<WebEnv>, error: AppError): Promise<Response> {
  context.status(statusOf(error));
  const isStranger = error.code === 'token-needed';
  return showPage(
    context,
    { title: isStranger ? 'Log in' : 'That did not work' },
    <>
      <p class="note note-bad">{error.message}</p>
      {error.hint ? <p>{error.hint}</p> : null}
      {isStranger ? <LoginForm next={wantedBy(context)} signIn={context.get('signIn')} /> : null}
      {isStranger ? <LoginHelp /> : null}
    </>,
  );
}

/** Where somebody wanted to go who must log in first. */
function wantedBy({ req }: Context<WebEnv>): string {
  if (/^\/login(\/|$)/.test(req.path)) return nextPath(req.query('next'));
  const { pathname, search } = new URL(req.url);
  return req.method === 'GET' ? nextPath(`${pathname}${search}`) : '/';
}

export async function showMissing(context: Context<WebEnv>): Promise<Response> {
  context.status(404);
  return showPage(
    context,
    { title: 'There is no such page' },
    <p>It may have been renamed, or the address is wrong.</p>,
  );
}

/** Answers everything that was thrown; what nobody expected is told to `onBug` too. */
export function createTroubleAnswer(onBug: (error: unknown) => void) {
  return async (error: Error, context: Context<WebEnv>): Promise<Response> => {
    if (isAppError(error)) return showTrouble(context, error);
    if (error instanceof HTTPException) return error.getResponse();
    onBug(error);
    context.status(500);
    return showPage(
      context,
      { title: 'Something went wrong that should not have' },
      <p>The log of the server tells more.</p>,
    );
  };
}
