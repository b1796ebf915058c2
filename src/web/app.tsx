import { Hono } from 'hono';
import { NONCE, secureHeaders } from 'hono/secure-headers';
import { API, createApi, isApi } from './api/api.ts';
import { createProblemAnswer } from './api/problem.ts';
import { createAssets } from './assets.ts';
import { limitChanges, limitGuesses } from './auth/limits.ts';
import { requireSameSite } from './auth/same-site.ts';
import { limitBody } from './limit-body.ts';
import { addChanges, addPages } from './routes.ts';
import { sandboxFile } from './send-file.ts';
import { createTroubleAnswer, showMissing } from './trouble.tsx';
import { requireCsrf, requireVisitor, type WebEnv } from './visitor.ts';
import type { WebWorld } from './web-world.ts';

const MOST_BYTES = 64 * 1024;

/** Every address of the page. It decides nothing: it asks the orchestrator as the visitor who is there. */
export function createWebApp(world: WebWorld): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  app.use('/backups/:id/file', sandboxFile);
  app.use(strictHeaders(world.settings.url?.startsWith('https:') ?? false));
  app.use(limitBody(MOST_BYTES));
  const [answerTrouble, answerProblem] = [createTroubleAnswer(world.onBug), createProblemAnswer(world.onBug)];
  app.onError((error, context) => (isApi(context) ? answerProblem : answerTrouble)(error, context));
  app.notFound(showMissing);
  app.use(requireSameSite(world.settings));
  app.route('/assets', createAssets());
  app.use(limitGuesses(world));
  if (world.entrance) app.route('/', world.entrance);
  app.use(requireVisitor(world.visitors), limitChanges(world.clock));
  app.route(API, createApi(world));
  app.use(requireCsrf);
  app.use((context, next) => {
    context.set('seen', world.seen.now());
    return next();
  });
  addPages(app, world);
  addChanges(app, world);
  return app;
}

/** Nothing runs, loads, frames or sends but what is ours. */
function strictHeaders(isBehindTls: boolean) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: [NONCE],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ['htmx'],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'same-origin',
    strictTransportSecurity: isBehindTls ? 'max-age=31536000; includeSubDomains' : false,
  });
}
