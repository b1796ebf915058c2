import { createReadStream, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/** The demo's web service: shows project files and what the database knows. It writes nothing. */
const port = Number(process.env.PORT);
const projects = process.env.PROJECTS ?? '';
const databaseUrl = process.env.DATABASE_URL ?? '';
const greeting = readGreeting(process.env.ENV_FILE ?? '');

const app = new Hono();

app.get('/health', async (c) => {
  await stat(projects);
  const answer = await fetch(`${databaseUrl}/health`, { signal: AbortSignal.timeout(2_000) });
  return c.json({ ready: answer.ok }, answer.ok ? 200 : 503);
});

app.get('/', async (c) => {
  const answer = await fetch(`${databaseUrl}/rows`, { signal: AbortSignal.timeout(5_000) });
  const { keys } = (await answer.json()) as { keys: string[] };
  const names = await readdir(projects);
  const items = names.toSorted().map((name) => `<li>${escapeText(name)}</li>`);
  return c.html(`<h1>${escapeText(greeting)}</h1><p>${keys.length} rows in the database</p><ul>${items.join('')}</ul>`);
});

app.get('/files/*', async (c) => {
  const wanted = normalize(decodeURIComponent(c.req.path.slice('/files'.length)));
  const path = join(projects, wanted);
  const found = await stat(path).catch(() => undefined); // whatever the reason, it cannot be shown
  if (!found?.isFile()) return c.text('There is no such file.', 404);
  return c.body(Readable.toWeb(createReadStream(path)) as ReadableStream);
});

app.onError((error, c) => c.json({ ready: false, error: error.message }, 503));

const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => {
  process.stdout.write(`web is served on port ${port}\n`);
});
server.on('error', (cause) => {
  process.stderr.write(`web cannot be served: ${cause.message}\n`);
  process.exit(1);
});

process.once('SIGTERM', () => server.close(() => process.exit(0)));

/** The definition of the workspace reaches its services through this file. */
function readGreeting(envFile: string): string {
  return /^GREETING=(.*)$/m.exec(readFileSync(envFile, 'utf8'))?.[1] ?? 'no greeting';
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
