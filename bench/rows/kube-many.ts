import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Operation } from '../../src/records/operation.ts';
import { type RunningDouble, startDouble } from '../kube/double.ts';
import { makeKubePlace } from '../kube/place.ts';
import { OURSELVES } from '../kube/requests.ts';
import { sampleOf, writeSeconds } from '../numbers.ts';
import type { Product } from '../product.ts';
import { processorMs, residentMb } from '../resident.ts';
import type { Findings, Row } from '../row.ts';
import { downtimeOf, totalOf } from '../steps.ts';
import type { BenchWorld } from '../world.ts';

const MEMORY_LIMIT_MB = 512;
/** Above this people notice that the page or a word hangs. */
const DELAY_LIMIT_MS = 1_000;
const MOVERS_AT_ONCE = 16;
const LOOK_MS = 250;
const WITHIN_MS = 900_000;

const loop = z.object({ p50: z.number(), p99: z.number(), max: z.number() });

interface Seen {
  readonly operations: readonly Operation[];
  readonly tookMs: number;
  readonly idleMb: number;
  readonly mostMb: number;
  /** In ms. */
  readonly delays: z.infer<typeof loop>;
  readonly requests: number;
  /** In the busiest second. */
  readonly mostRequests: number;
  readonly processorMs: number;
}

/** Many workspaces of a cluster at the same moment, in one process. */
export const kubeMany: Row = {
  word: 'kube-many',
  title: 'Kubernetes: many workspaces at once',
  method: `A double of a cluster in a process of its own, with many small workspaces (two services, one volume). All backups are asked of one server at once. Movers really run restic against a repository of each workspace; the node has room for ${MOVERS_AT_ONCE} of them, the others wait as pods do. Guards run their own code inside the double's process. Memory is that of the server by the kernel (VmHWM); the delay of its event loop is what perf_hooks measures in it from the moment before the first backup.`,
  async measure(world) {
    const count = world.sizes.workspacesAtOnce;
    const double = await startDouble(world, {
      folder: await world.room('many-cluster'),
      many: { count, moversAtOnce: MOVERS_AT_ONCE },
    });
    const { product, loopFile } = await makeKubePlace(world, 'many', double);
    const seen = await measureAll(world, { double, product, loopFile });
    await product.end();
    await double.end();
    return report(count, seen);
  },
};

async function measureAll(
  world: BenchWorld,
  { double, product, loopFile }: { double: RunningDouble; product: Product; loopFile: string },
): Promise<Seen> {
  const workspaces = Object.keys(double.workspaces);
  const idleMb = residentMb(product.pid, 'VmRSS');
  const before = await double.seen();
  const processorBefore = processorMs(product.pid);
  process.kill(product.pid, 'SIGUSR2');
  const beganAt = performance.now();
  const ids = await Promise.all(workspaces.map((workspace) => product.beginBackup(workspace)));
  await allEnded(world, product, ids);
  const tookMs = performance.now() - beganAt;
  await wait(1_500); // for its last account of the delays
  const { p50, p99, max } = loop.parse(JSON.parse(await readFile(loopFile, 'utf8')));
  const mostMb = residentMb(product.pid, 'VmHWM');
  const { requests } = await double.seen();
  const ours = requests.slice(before.requests.length).filter(OURSELVES);
  const operations = await Promise.all(ids.map((id) => product.look(id)));
  return {
    operations: operations.flatMap((operation) => operation ?? []),
    ...{ tookMs, idleMb, mostMb, requests: ours.length, processorMs: processorMs(product.pid) - processorBefore },
    delays: { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 },
    mostRequests: Math.max(...bySecond(ours.map(({ atMs }) => atMs))),
  };
}

async function allEnded(world: BenchWorld, product: Product, ids: readonly string[]): Promise<void> {
  let told = ids.length;
  for (const until = Date.now() + WITHIN_MS; ; await wait(LOOK_MS)) {
    const open = new Set(await product.open());
    const left = ids.filter((id) => open.has(id)).length;
    if (left === 0) return;
    if (told - left >= Math.max(1, ids.length / 5)) {
      world.say(`${ids.length - left} of ${ids.length} ended, ${residentMb(product.pid, 'VmRSS').toFixed(0)} MB`);
      told = left;
    }
    if (Date.now() > until) throw new Error(`${left} of ${ids.length} backups did not end`);
  }
}

function bySecond(times: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const time of times) counts.set(Math.floor(time / 1_000), (counts.get(Math.floor(time / 1_000)) ?? 0) + 1);
  return [...counts.values()];
}

function report(count: number, seen: Seen): Findings {
  const completed = seen.operations.filter(({ status }) => status === 'succeeded');
  const failed = seen.operations.find(({ status }) => status !== 'succeeded');
  const downs = sampleOf(completed.map(downtimeOf));
  const { delays, mostMb, tookMs } = seen;
  return {
    verdicts: [
      {
        what: `backups that end completed, of ${count} workspaces at once`,
        target: String(count),
        seen: String(completed.length),
        met: completed.length === count,
      },
      {
        what: `memory of one process with ${count} backups at once`,
        target: `≤ ${MEMORY_LIMIT_MB} MB`,
        seen: `${mostMb.toFixed(0)} MB`,
        met: mostMb <= MEMORY_LIMIT_MB,
      },
      {
        what: `its event loop is held up, with ${count} backups at once (99 %)`,
        target: `≤ ${DELAY_LIMIT_MS} ms`,
        seen: `${delays.p99.toFixed(0)} ms`,
        met: delays.p99 <= DELAY_LIMIT_MS,
      },
    ],
    tables: [
      {
        title: `${count} workspaces, backed up at once by one process`,
        columns: ['', 'seen'],
        rows: [
          ['all together', `${(tookMs / 1_000).toFixed(1)} s`],
          ['one backup, median (least–most)', writeSeconds(sampleOf(seen.operations.map(totalOf)))],
          ['its services are down, median (least–most)', writeSeconds(downs)],
          ['time of the server on a processor for each backup', `${(seen.processorMs / count).toFixed(0)} ms`],
          ['memory before', `${seen.idleMb.toFixed(0)} MB`],
          ['memory, the most', `${mostMb.toFixed(0)} MB`],
          ['event loop held up, median', `${delays.p50.toFixed(1)} ms`],
          ['event loop held up, 99 %', `${delays.p99.toFixed(1)} ms`],
          ['event loop held up, the most', `${delays.max.toFixed(1)} ms`],
          ['requests to the API server for each backup', (seen.requests / count).toFixed(0)],
          ['requests a second, on average', (seen.requests / (tookMs / 1_000)).toFixed(0)],
          ['requests in the busiest second', String(seen.mostRequests)],
        ],
      },
    ],
    charts: [],
    notes: failed ? [`One that failed: ${failed.error?.message ?? 'without an error'}`] : [],
  };
}
