/**
 * A process of its own that reads the catalog as many people and programs do. Reads `ReadersWish` from its first argument,
 * prints what it saw as JSON.
 */
import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export interface ReadersWish {
  readonly origin: string;
  readonly token: string;
  readonly readers: number;
  readonly forMs: number;
  /** How long each looks at an answer before it asks again, on average; 0: not at all. */
  readonly thinkMs: number;
}

export interface ReadersSeen {
  /** By what was asked: from the question to the last byte of its answer, in ms. */
  readonly took: Readonly<Record<string, readonly number[]>>;
  /** Answers that were neither 200 nor 304, by status. */
  readonly refused: Readonly<Record<string, number>>;
}

interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Over one connection, which stays; one that was closed before a question reached the server is made anew. */
function createConnection({ origin, token }: ReadersWish) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async function ask(path: string, headers: Record<string, string> = {}): Promise<Heard> {
    const asking = request(`${origin}${path}`, { agent, headers: { authorization: `Bearer ${token}`, ...headers } });
    asking.end();
    try {
      return await hear(asking);
    } catch (cause) {
      if (asking.reusedSocket && (cause as NodeJS.ErrnoException).code === 'ECONNRESET') return ask(path, headers);
      throw cause;
    }
  };
}

function hear(asking: ClientRequest): Promise<Heard> {
  return new Promise((resolve, reject) => {
    asking.once('error', reject);
    asking.once('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('error', reject);
      answer.once('end', () => {
        const text = Buffer.concat(pieces).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    });
  });
}

type Ask = ReturnType<typeof createConnection>;

/** What people and programs do with a catalog, in turns: none of it is the same page twice in a row. */
const VISIT: readonly (readonly [what: string, ask: (ask: Ask, kept: Map<string, string>) => Promise<Heard>])[] = [
  ['page, newest', (ask) => ask('/backups')],
  ['page, the next 50', (ask, kept) => ask(kept.get('next') ?? '/backups')],
  ['page, of a workspace by size', (ask) => ask('/backups?workspace=vision&order=bytes')],
  ['page, by text', (ask) => ask('/backups?text=speech&order=downtimeMs&direction=up')],
  ['page, text that nothing has', (ask) => ask('/backups?text=no-such-word')],
  ['page, one backup', (ask, kept) => ask(`/backups/${kept.get('id')}`)],
  ['API, newest 50', (ask) => ask('/api/v1/backups')],
  ['API, filtered and sorted', (ask) => ask('/api/v1/backups?workspace=fraud&order=files&limit=50')],
  [
    'API, newest 50 if changed',
    (ask, kept) => ask('/api/v1/backups', { 'if-none-match': kept.get('etag') ?? '"nothing"' }),
  ],
  ['API, the next 50', (ask, kept) => ask(`/api/v1/backups${kept.get('cursor') ?? ''}`)],
  ['API, one backup', (ask, kept) => ask(`/api/v1/backups/${kept.get('id')}`)],
];

function keep(kept: Map<string, string>, what: string, { text, headers }: Heard): void {
  if (what.startsWith('page, newest')) {
    kept.set('next', /href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '/backups');
    kept.set('id', /href="\/backups\/(bkp_\w+)"/.exec(text)?.[1] ?? '');
  }
  if (what !== 'API, newest 50') return;
  kept.set('etag', headers.etag ?? '');
  kept.set('cursor', `?cursor=${/"next":"([^"]+)"/.exec(text)?.[1] ?? ''}`);
}

async function read(wish: ReadersWish, at: number, until: number, seen: Collected): Promise<void> {
  const ask = createConnection(wish);
  const kept = new Map<string, string>();
  await wait((wish.thinkMs * at) / wish.readers); // people do not begin together
  // First what the others go on from, then from another place in the turn for each reader.
  const turns = [0, 6, ...VISIT.map((_, turn) => (turn + at) % VISIT.length)];
  for (let turn = 0; performance.now() < until; turn = turn + 1 < turns.length ? turn + 1 : 2) {
    const [what, visit] = VISIT[turns[turn] ?? 0] ?? [];
    if (what === undefined || visit === undefined) throw new Error(`there is no turn ${turn}`);
    const from = performance.now();
    const heard = await visit(ask, kept);
    const took = performance.now() - from;
    if (heard.status === 200 || heard.status === 304) seen.took[what] = [...(seen.took[what] ?? []), took];
    else seen.refused[heard.status] = (seen.refused[heard.status] ?? 0) + 1;
    keep(kept, what, heard);
    if (wish.thinkMs > 0) await wait(wish.thinkMs * (0.5 + Math.random()));
  }
}

interface Collected {
  readonly took: Record<string, number[]>;
  readonly refused: Record<string, number>;
}

const wish: ReadersWish = JSON.parse(process.argv[2] ?? '');
const seen: Collected = { took: {}, refused: {} };
const until = performance.now() + wish.forMs;
await Promise.all(Array.from({ length: wish.readers }, (_, at) => read(wish, at, until, seen)));
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
