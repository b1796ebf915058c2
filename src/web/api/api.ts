import { type Context, type Handler, Hono } from 'hono';
import { etag } from 'hono/etag';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { UserError } from '../../errors.ts';
import { needs, requireCsrf, type WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { type Answerer, answererOf, answerText } from './answer.ts';
import { pathForRouter, placesOf, type Route } from './route.ts';
import { routes } from './routes.ts';

export const API = '/api/v1';

/** The same as the page, as JSON. Stands behind whatever finds out who asks. */
export function createApi(world: WebWorld): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  let document: Promise<string> | undefined;
  app.use(requireCsrfHeader, requireCsrf);
  app.get('/openapi.json', needs('read'), etag(), async (context) => {
    document ??= writeDocument(world);
    return answerText(context, await document);
  });
  for (const route of routes) {
    const path = pathForRouter(route.path);
    const handler = handlerOf(route, answererOf(route, world));
    if (route.kind === 'change') app.post(path, needs(route.scope), handler);
    else if (route.kind === 'stream') app.get(path, needs(route.scope), handler);
    else app.get(path, needs(route.scope), etag(), handler);
  }
  app.all('*', ({ req }) => {
    throw new HTTPException(404, { message: `There is no ${req.method} ${req.path}.` });
  });
  return app;
}

/** Loaded and made by the first who asks: most servers are never asked. */
async function writeDocument(world: WebWorld): Promise<string> {
  const { createDocument } = await import('./document.ts');
  return JSON.stringify(createDocument(world, routes));
}

export function isApi({ req }: Pick<Context, 'req'>): boolean {
  return req.path === API || req.path.startsWith(`${API}/`);
}

/** A form carries the session's token in a field; what programs send has it in a header. */
const requireCsrfHeader = createMiddleware<WebEnv>(async (context, next) => {
  const isOwed = context.req.method === 'POST' && context.get('visitor').csrf !== undefined;
  if (isOwed && context.req.header('x-csrf-token') === undefined) {
    throw new UserError('not-allowed', 'Whoever is logged in by a session sends its token with every change.', {
      hint: 'Send it as X-CSRF-Token, or use a token of your own as Authorization: Bearer.',
    });
  }
  await next();
});

function handlerOf(route: Route, answer: Answerer): Handler<WebEnv> {
  const places = placesOf(route.path);
  return async (context) => {
    const found = places.safeParse(context.req.param());
    if (!found.success) throw new HTTPException(404, { message: `There is nothing at ${context.req.path}.` });
    return answer(context, found.data as Record<string, string>);
  };
}
