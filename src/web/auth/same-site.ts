import { createMiddleware } from 'hono/factory';
import { UserError } from '../../errors.ts';
import type { WebSettings } from '../settings.ts';
import type { WebEnv } from '../visitor.ts';
import { isLoopback } from './loopback.ts';

const LOOKING = new Set(['GET', 'HEAD']);

/**
 * Answers only under our own names, so that no other site can make its name point here and read us as its own; and takes
 * changes only from our own pages. A browser says where a form stood; a program that says nothing needs the session's token
 * all the same.
 */
export function requireSameSite({ host, url }: Pick<WebSettings, 'host' | 'url'>) {
  const outside = url === undefined ? undefined : new URL(url);
  const names = new Set([
    ...(isLoopback(host) ? ['localhost', '127.0.0.1', '[::1]', host] : []),
    ...(outside ? [outside.hostname] : []),
  ]);
  return createMiddleware<WebEnv>(async ({ req }, next) => {
    const asked = req.header('host') ?? '';
    const address = `http://${asked}`;
    if (!URL.canParse(address) || !names.has(new URL(address).hostname)) {
      throw new UserError('not-allowed', 'This page does not answer under that name.', {
        hint: 'Open it by the address that `cml web` prints; web.url in cml.yaml names another one.',
      });
    }
    if (!LOOKING.has(req.method)) requireOwnForm(req.header('origin'), req.header('sec-fetch-site'), asked, outside);
    await next();
  });
}

function requireOwnForm(
  origin: string | undefined,
  site: string | undefined,
  asked: string,
  outside: URL | undefined,
): void {
  const isOurs = origin === undefined || origin === `http://${asked}` || origin === outside?.origin;
  if (isOurs && (site === undefined || site === 'same-origin')) return;
  throw new UserError('not-allowed', 'This form stood on another site, so nothing was done.', {
    hint: 'Open the page itself and send the form from there.',
  });
}
