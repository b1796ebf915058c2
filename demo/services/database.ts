import { PGlite } from '@electric-sql/pglite';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/**
 * The demo's database: PostgreSQL (as PGlite) on the workspace's volume, behind a small HTTP API on loopback.
 * A row is answered only after its commit stands in the files of the volume, so that it survives kill -9; PGlite never
 * calls fsync, so a power cut is outside of what this demo shows.
 */
const port = Number(process.env.PORT);
const dataFolder = process.env.DATA ?? '';

/** Undefined until the database is open and again once it is being closed. */
let database: PGlite | undefined;
const app = new Hono();

app.get('/health', (c) => (database ? c.json({ ready: true }) : c.json({ ready: false }, 503)));

app.use('/rows', async (c, next) => (database ? next() : c.json({ error: 'the database is not open' }, 503)));

app.get('/rows', async (c) => {
  const { rows } = await opened().query<{ key: string }>('SELECT key FROM rows ORDER BY id');
  return c.json({ keys: rows.map((row) => row.key) });
});

app.post('/rows', async (c) => {
  const { key, note } = await c.req.json<{ key: string; note?: string }>();
  // the same key may come twice: a writer that heard no answer asks again
  await opened().query('INSERT INTO rows (key, note) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING', [key, note ?? '']);
  return c.json({ key }, 201);
});

app.delete('/rows', async (c) => {
  const oldest = Number(c.req.query('oldest') ?? 0);
  const result = await opened().query(
    'DELETE FROM rows WHERE id IN (SELECT id FROM rows ORDER BY id LIMIT $1) RETURNING key',
    [oldest],
  );
  return c.json({ dropped: result.rows.length });
});

function opened(): PGlite {
  if (!database) throw new Error('the database is not open');
  return database;
}

// listening comes first: the port is the lock that keeps a second process away from the data
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => void open());
server.on('error', fail);

async function open(): Promise<void> {
  try {
    const opening = await PGlite.create({ dataDir: dataFolder, relaxedDurability: false });
    await opening.exec(
      `CREATE TABLE IF NOT EXISTS rows (
         id bigserial PRIMARY KEY, key text UNIQUE NOT NULL, note text NOT NULL, at timestamptz DEFAULT now()
       )`,
    );
    database = opening;
    process.stdout.write(`database is open on port ${port}\n`);
  } catch (cause) {
    fail(cause);
  }
}

function fail(cause: unknown): void {
  process.stderr.write(`the database cannot be served: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
  process.exit(1);
}

process.once('SIGTERM', () => {
  // requests that are being answered end first, then the last checkpoint is written
  server.close(() => {
    void close();
  });
});

async function close(): Promise<void> {
  const closing = database;
  database = undefined;
  await closing?.close();
  process.stdout.write('database is closed\n');
  process.exit(0);
}
