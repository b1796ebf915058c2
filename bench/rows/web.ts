import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { residentMb } from '../resident.ts';
import type { Row } from '../row.ts';
import { measurePaint, type Paint } from '../web/first-paint.ts';
import { BUSY, makeWebPlace, TOKEN, WATCHED, type WebPlace } from '../web/place.ts';
import { beginWatchers, runReaders } from '../web/programs.ts';
import { reportWeb, type WebSeen } from '../web/report.ts';
import type { BenchWorld } from '../world.ts';

const READERS = 50;
const THINK_MS = 1_000;
const WATCHERS = 500;
const BACKUPS = { small: 2_000, default: 100_000, full: 100_000 };
const FOR_MS = { small: 5_000, default: 40_000, full: 60_000 };

const loop = z.object({ p50: z.number(), p99: z.number(), max: z.number() });

/** The page and the API with many who look at them. */
export const web: Row = {
  word: 'web',
  title: 'The page and the API with many readers',
  method: `The real server in a process of its own, over generated records of backups; readers and watchers are processes of their own on the same machine. ${READERS} readers, each over one connection that stays, take turns at pages and answers of the catalog: the newest, the next, filtered, sorted, by text, one backup. Between an answer and its next question a reader looks at it for ${THINK_MS / 1_000} s on average; a second run, told in the table only, has them ask again at once (a closed loop of ${READERS}). All the while one workspace is backed up, one backup after the other, by a restic that nothing holds back. ${WATCHERS} watchers then look at one operation by server-sent events, as its page does, until it is cancelled. A picture may be passed over when a newer one is there: a watcher is behind as long as it has seen neither.`,
  async measure(world) {
    const backups = BACKUPS[world.sizes.name];
    const place = await makeWebPlace(world, backups);
    const seen = await measureAll(world, place, backups);
    await place.product.end();
    return reportWeb(seen);
  },
};

async function measureAll(world: BenchWorld, place: WebPlace, backups: number): Promise<WebSeen> {
  const { product, origin } = place;
  const memory: Record<string, number> = { 'at the beginning': residentMb(product.pid, 'VmRSS') };
  const paints: Paint[] = [];
  for (const path of ['/', '/backups', '/operations']) paints.push(await measurePaint(origin, TOKEN, path));
  const wish = { origin, token: TOKEN, readers: READERS, forMs: FOR_MS[world.sizes.name], thinkMs: THINK_MS };
  await runReaders(world.rooms, { ...wish, forMs: 3_000 }); // what is sorted for the first time takes longer
  const busy = keepBusy(place);
  world.say(`${READERS} readers, ${wish.forMs / 1_000} s`);
  const reading = await withDelays(place, () => runReaders(world.rooms, wish));
  world.say('the same without a pause');
  const rushing = await runReaders(world.rooms, { ...wish, thinkMs: 0, forMs: wish.forMs / 4 });
  const backedUp = await busy.end();
  memory['after all have read'] = residentMb(product.pid, 'VmRSS');
  const watching = await withDelays(place, () => watchOne(world, place, memory));
  paints.push(await measurePaint(origin, TOKEN, `/operations/${watching.seen.operationId}`));
  memory['the most'] = residentMb(product.pid, 'VmHWM');
  return {
    ...{ backups, readers: READERS, watchers: WATCHERS },
    ...{ reading: reading.seen, readDelays: reading.delays, rushing, backedUp },
    ...{ watching: watching.seen, watchDelays: watching.delays, memory, paints },
  };
}

/** One backup after the other, until told to end; answers how many there were. */
function keepBusy({ product }: WebPlace): { end(): Promise<number> } {
  let isOver = false;
  const going = (async () => {
    let count = 0;
    for (; !isOver; count += 1) await product.backUp(BUSY);
    return count;
  })();
  going.catch(() => undefined); // told to who ends it
  return {
    end: () => {
      isOver = true;
      return going;
    },
  };
}

async function watchOne(world: BenchWorld, { product, origin }: WebPlace, memory: Record<string, number>) {
  const operationId = await product.beginBackup(WATCHED);
  const path = `/operations/${operationId}/live`;
  const watchers = beginWatchers(world.rooms, { origin, token: TOKEN, path, watchers: WATCHERS });
  await watchers.begun;
  world.say(`${WATCHERS} watchers`);
  await wait(FOR_MS[world.sizes.name] / 2);
  memory[`with ${WATCHERS} watchers`] = residentMb(product.pid, 'VmRSS');
  await product.cancel(operationId);
  const seen = await watchers.seen;
  await product.ended(operationId);
  return { ...seen, operationId };
}

/** With what held up the server's event loop meanwhile. */
async function withDelays<T>({ product, loopFile }: WebPlace, work: () => Promise<T>) {
  process.kill(product.pid, 'SIGUSR2');
  const seen = await work();
  await wait(1_500); // for its last account of them
  const { p50, p99, max } = loop.parse(JSON.parse(await readFile(loopFile, 'utf8')));
  return { seen, delays: { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 } };
}
