import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import type { WebEnv } from './visitor.ts';

/**
 * Takes no more than so many bytes, and only what says beforehand how many come: whoever reads a body of unknown length to
 * count it has to make the request anew, which the requests of our server cannot be. A browser's forms always say it.
 */
export function limitBody(most: number) {
  return createMiddleware<WebEnv>(async ({ req }, next) => {
    if (req.header('transfer-encoding') !== undefined) {
      throw new HTTPException(411, { message: 'What is sent has to say its length: send it with Content-Length.' });
    }
    if (Number(req.header('content-length') ?? 0) > most) {
      throw new HTTPException(413, { message: `That is too much: at most ${most / 1024} KB are taken.` });
    }
    await next();
  });
}
