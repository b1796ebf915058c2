import type { Context, Handler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { parseQuery } from './form.ts';
import type { WebEnv } from './visitor.ts';
import type { WebWorld } from './web-world.ts';

const fileQuery = z.object({ path: z.string().min(1).max(4_096) });

/** A browser that opens it all the same, against what we say, runs nothing of it and knows nothing of ours. */
const SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** Stands around what gives every page its headers. */
export const sandboxFile = createMiddleware<WebEnv>(async (context, next) => {
  await next();
  if (context.res.headers.has('content-disposition')) context.res.headers.set('content-security-policy', SANDBOX);
});

/** One file of a backup, as bytes to keep: never as something that a browser shows. */
export function sendFile({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/file'> {
  return async (context) => {
    const { person } = context.get('visitor');
    requireOwnLink(context);
    const { path } = parseQuery(context, fileQuery);
    const wish = { backup: context.req.param('id'), path };
    const { signal } = context.req.raw;
    // Who only asks how large it is gets no byte, and nothing must be left that waits for being read.
    if (context.req.method === 'HEAD') {
      return context.body(null, 200, headersOf(await orchestrator.findFile(person, wish, signal)));
    }
    const download = await orchestrator.downloadFile(person, wish, signal);
    return context.body(download.body, 200, headersOf(download));
  };
}

function headersOf({ name, bytes }: { readonly name: string; readonly bytes: number }): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes),
    'content-disposition': attachment(name),
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'none',
  };
}

/** For old and new readers. Source: RFC 6266 section 4.3, RFC 8187 section 3.2.1. */
export function attachment(name: string): string {
  const safe = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\]/gu, '_');
  const plain = safe.replace(/[^A-Za-z0-9 ._-]/g, '_');
  const exact = encodeURIComponent(safe).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** A look that stands in the audit trail: no other site makes somebody have one. */
function requireOwnLink({ req }: Context<WebEnv>): void {
  const site = req.header('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new UserError('not-allowed', 'This link stood on another site, so nothing was read.', {
    hint: 'Open the page of the backup and download it from there.',
  });
}
