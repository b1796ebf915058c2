/**
 * A process of its own that watches one operation many times at once, as pages do that are left open. Reads `WatchersWish`
 * from its first argument, says "watching" when all do, and prints what it saw as JSON when all were let go.
 */
import { Agent, request } from 'node:http';

export interface WatchersWish {
  readonly origin: string;
  readonly token: string;
  readonly path: string;
  readonly watchers: number;
}

export interface WatchersSeen {
  /** Different pictures that were drawn. */
  readonly pictures: number;
  /** By how much the last watcher was behind the first with each picture, or with a newer one, in ms. */
  readonly behindMs: readonly number[];
  /** Those that saw the last picture, and those that were told that it ended. */
  readonly sawLast: number;
  readonly toldEnd: number;
  readonly bytes: number;
}

interface Watcher {
  /** Which picture, and when. */
  readonly saw: { readonly picture: number; readonly at: number }[];
  isTold: boolean;
}

const wish: WatchersWish = JSON.parse(process.argv[2] ?? '');
const pictures = new Map<string, number>();
let bytes = 0;
let watching = 0;

function take(watcher: Watcher, block: string): void {
  const event = /^event: (.*)$/m.exec(block)?.[1];
  if (event === 'ended') watcher.isTold = true;
  if (event !== undefined && event !== 'view') return;
  const picture = pictures.get(block) ?? pictures.size;
  pictures.set(block, picture);
  if (watcher.saw.length === 0) {
    watching += 1;
    if (watching === wish.watchers) process.stderr.write('watching\n');
  }
  watcher.saw.push({ picture, at: performance.now() });
}

function watch(): Promise<Watcher> {
  const watcher: Watcher = { saw: [], isTold: false };
  const headers = { authorization: `Bearer ${wish.token}`, accept: 'text/event-stream' };
  return new Promise((resolve, reject) => {
    const asking = request(`${wish.origin}${wish.path}`, { agent: new Agent(), headers });
    asking.once('error', reject);
    asking.once('response', (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`a watcher was answered ${answer.statusCode}`));
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        bytes += piece.length;
        const blocks = `${text}${piece}`.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) take(watcher, block);
      });
      answer.once('error', reject);
      answer.once('end', () => resolve(watcher));
    });
    asking.end();
  });
}

/** Of pictures only the newest matters: one that a watcher never saw counts as seen with the next. */
function behind(watchers: readonly Watcher[], picture: number): number {
  const times = watchers.map(({ saw }) => saw.find((one) => one.picture >= picture)?.at ?? Number.POSITIVE_INFINITY);
  return Math.max(...times) - Math.min(...times);
}

const watchers = await Promise.all(Array.from({ length: wish.watchers }, watch));
const last = pictures.size - 1;
/** Those of the beginning were seen while the others were still coming. */
const first = Math.max(...watchers.map(({ saw }) => saw[0]?.picture ?? 0));
const seen: WatchersSeen = {
  pictures: pictures.size,
  behindMs: Array.from({ length: Math.max(0, last - first) }, (_, at) => behind(watchers, first + 1 + at)),
  sawLast: watchers.filter(({ saw }) => saw.at(-1)?.picture === last).length,
  toldEnd: watchers.filter(({ isTold }) => isTold).length,
  bytes,
};
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
