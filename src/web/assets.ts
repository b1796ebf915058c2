import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import { compress } from 'hono/compress';

const require = createRequire(import.meta.url);
const own = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
const ofHtmx = (name: string) => readFileSync(require.resolve(`htmx.org/dist/${name}`), 'utf8');

const SCRIPT = 'text/javascript; charset=utf-8';

/**
 * In one file: htmx looks at the page as soon as the browser has a moment, which may come between two files, and then it
 * would do without its extensions. The one that obeys the policy of the page is first.
 */
const HTMX = ['htmx.min.js', 'ext/hx-csp.min.js', 'ext/hx-sse.min.js'];

/** The few files that a page is made with; none is fetched from anywhere else. */
const FILES = {
  'style.css': { type: 'text/css; charset=utf-8', read: () => own('style.css') },
  'page.js': { type: SCRIPT, read: () => own('page.js') },
  'icon.svg': { type: 'image/svg+xml', read: () => own('icon.svg') },
  'htmx.js': { type: SCRIPT, read: () => HTMX.map(ofHtmx).join(';\n') },
} as const;

/** Read once, when the door is made: a file that is missing is noticed at once. */
export function createAssets(): Hono {
  const app = new Hono();
  app.use(compress());
  for (const [name, { type, read }] of Object.entries(FILES)) {
    const text = read();
    const etag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`;
    app.get(`/${name}`, (context) => {
      context.header('etag', etag);
      context.header('cache-control', 'no-cache');
      if (context.req.header('if-none-match') === etag) return context.body(null, 304);
      return context.body(text, 200, { 'content-type': type });
    });
  }
  return app;
}
