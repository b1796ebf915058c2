import { join } from 'node:path';
import { execa } from 'execa';
import { changeTree, growTree, type TreeSize } from '../data.ts';
import { takeServicesByHand } from '../kube/by-hand.ts';
import { type Pace, startDouble } from '../kube/double.ts';
import { makeKubePlace } from '../kube/place.ts';
import { type Sample, sampleOf, writeSeconds, writeTree } from '../numbers.ts';
import { inTurns } from '../pairs.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { downtimeOf } from '../steps.ts';
import { makeSnapshotVolume } from '../volume.ts';
import type { BenchWorld } from '../world.ts';

const TIMES = [1, 4, 16];
const MOST_GROWTH_MS = 300;
const SHARE = 0.01;
const WORKSPACE = 'workspace1';
/** A quick cluster: pods that are there in a third of a second, and leave as fast. */
const PACE: Pace = {
  pods: { start: 200, ready: 100, end: 150, gone: 50 },
  volumes: { idle: 20, detach: 80, attach: 50 },
  snapshots: { snapshotMs: 100, readyMs: 300 },
};

/** All that was seen of one size, in ms. */
interface Seen {
  readonly size: TreeSize;
  readonly ours: number[];
  readonly byHand: number[];
}

/** How long the services of a workspace on a cluster are down, while its data grows. */
export const kubeDowntime: Row = {
  word: 'kube-downtime',
  title: 'Kubernetes: how long services are down',
  method:
    'A workspace on a double of a cluster (ECS with Longhorn, few services) in a process of its own, its volumes subvolumes of a btrfs in a file, so that a snapshot is what it is on real storage. The project files of the shared folder are 1, 4 and 16 times as much. Each pair changes 1 % of them, backs the workspace up by snapshots, and stops and starts the same services one after the other by plain calls of the API; who begins changes from pair to pair. Pods of services pretend to run and take a third of a second to come and to go.',
  async measure(world) {
    const sizes = TIMES.map((times) => timesAsMuch(world.sizes.clusterTree, times));
    const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
    const storage = await makeSnapshotVolume(await world.room('kube-volume'), bytes * 3 + 2e9);
    const seen: Seen[] = [];
    for (const [at, size] of sizes.entries()) {
      seen.push(await measureSize(world, { name: `kube-${at}`, size, folder: storage.point, seed: world.seed + at }));
    }
    return report(world, seen);
  },
};

function timesAsMuch({ files, bytes }: TreeSize, times: number): TreeSize {
  return { files: files * times, bytes: bytes * times };
}

async function measureSize(
  world: BenchWorld,
  { name, size, folder, seed }: { name: string; size: TreeSize; folder: string; seed: number },
): Promise<Seen> {
  const double = await startDouble(world, { folder });
  await double.pace(PACE);
  const projects = double.workspaces[WORKSPACE]?.['projects-pvc'];
  if (projects === undefined) throw new Error('the workspace has no shared folder');
  const tree = await growTree(join(projects, 'projects', '0', '9'), size, seed);
  const { product } = await makeKubePlace(world, name, double);
  const hands = takeServicesByHand(double.kubeconfig, WORKSPACE);
  const backUp = async () => downtimeOf(await product.backUp(WORKSPACE));
  await execa('sync');
  // Once each before it counts: programs, connections and caches are warm afterwards.
  await hands.stopAndStart();
  await backUp();
  const seen: Seen = { size: { files: tree.files, bytes: tree.bytes }, ours: [], byHand: [] };
  for (let pair = 0; pair < world.pairs; pair++) {
    const ours = async () => {
      await changeTree(tree, SHARE);
      return backUp();
    };
    const [down, bare] = await inTurns(pair % 2 === 0, ours, () => hands.stopAndStart());
    seen.ours.push(down);
    seen.byHand.push(bare);
    world.say(`${writeTree(seen.size)}, pair ${pair + 1} of ${world.pairs}: ${down} ms, by hand ${bare.toFixed(0)} ms`);
  }
  await product.end();
  await double.end();
  return seen;
}

function addedTo({ ours, byHand }: Seen): Sample {
  return sampleOf(ours.map((ms, at) => ms - (byHand[at] ?? 0)));
}

function report(world: BenchWorld, seen: readonly Seen[]): Findings {
  const added = seen.map(addedTo);
  const medians = added.map(({ median }) => median);
  const growth = Math.max(...medians) - Math.min(...medians);
  const what = 'Kubernetes, stopped phase minus bare stop and start: 1, 4 and 16 times the data differ by';
  const inSeconds = (values: readonly number[]) => sampleOf(values.map((ms) => ms / 1_000));
  return {
    verdicts: [atMost(what, MOST_GROWTH_MS, growth, (ms) => `${(ms / 1_000).toFixed(2)} s`)],
    tables: [
      {
        title: `The stopped phase by snapshots, ${world.pairs} pairs, 1 % changed in each: median (least–most)`,
        columns: ['project files', 'services are down', 'stop and start by hand', 'the difference, pair by pair'],
        rows: seen.map((one, at) => [
          writeTree(one.size),
          writeSeconds(sampleOf(one.ours)),
          writeSeconds(sampleOf(one.byHand)),
          added[at] ? writeSeconds(added[at]) : '',
        ]),
      },
    ],
    charts: [
      {
        ...{ name: 'kube-downtime', title: 'Services on a cluster are down', unit: 's' },
        groups: seen.map((one) => ({
          label: writeTree(one.size),
          bars: [
            { series: 'backup by snapshots', sample: inSeconds(one.ours) },
            { series: 'stop and start by hand', sample: inSeconds(one.byHand) },
          ],
        })),
      },
    ],
    notes: [],
  };
}
