import { execa } from 'execa';
import { changeTree, growTree, movedTree, type Tree, type TreeSize } from '../data.ts';
import { type Sample, sampleOf, writeSeconds, writeTree } from '../numbers.ts';
import { makePlace, type Place } from '../place.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { type BareServices, startBareServices } from '../services.ts';
import { downtimeOf } from '../steps.ts';
import { makeSnapshotVolume, type SnapshotVolume } from '../volume.ts';
import type { BenchWorld } from '../world.ts';

const CAPTURES = ['snapshot', 'two-pass', 'cold'] as const;
type CaptureWord = (typeof CAPTURES)[number];
/** How much the stopped phase by snapshot may differ between the smallest and the largest tree, in ms. */
const MOST_GROWTH_MS = 300;
const SHARE = 0.01;

/** All that was seen of one tree, in ms. */
interface Seen {
  readonly size: TreeSize;
  readonly first: Record<CaptureWord, number>;
  readonly later: Record<CaptureWord, number[]>;
  /** Of the same rounds. */
  readonly bare: number[];
}

/** How long services are down, for each way of capturing, while trees grow. */
export const downtime: Row = {
  word: 'downtime',
  title: 'How long services are down',
  method:
    'One btrfs volume in a file, one tree of each size, three times in subvolumes of their own, each the volume of a workspace with two small services: one workspace for each way of capturing. Each round changes 1 % of each tree and backs it up at once, in turn, and stops and starts two services of the same kind by hand. The stopped phase reaches from the first service told to stop to the last one ready again, as the backup records it. The first backup, when everything is new, was measured once.',
  async measure(world) {
    const storage = await makeSnapshotVolume(await world.room('volume'), volumeBytes(world));
    const seen: Seen[] = [];
    for (const [at, size] of world.sizes.downtime.entries()) {
      const name = `tree-${at}`;
      const trees = await growTrees(storage, name, size, world.seed + at);
      const wishes = CAPTURES.map((capture) => {
        const snapshot = capture === 'snapshot' ? { snapshot: storage.snapshotOf(`${name}-${capture}`) } : {};
        return { name: capture, volume: { name: 'data', path: trees[capture].root, capture, ...snapshot } };
      });
      const place = await makePlace(world, name, wishes);
      const byHand = await startBareServices(place.folder, world.rooms);
      seen.push(await measureTree(world, place, trees, byHand));
      await place.product.end();
    }
    return report(world, seen);
  },
};

/** The same files three times: the product keeps two workspaces from having one part. */
async function growTrees(
  storage: SnapshotVolume,
  name: string,
  size: TreeSize,
  seed: number,
): Promise<Record<CaptureWord, Tree>> {
  const snapshot = await growTree(await storage.subvolume(`${name}-snapshot`), size, seed);
  const twin = async (capture: CaptureWord) =>
    movedTree(snapshot, await storage.twin(`${name}-snapshot`, `${name}-${capture}`), seed);
  return { snapshot, 'two-pass': await twin('two-pass'), cold: await twin('cold') };
}

function volumeBytes({ sizes, pairs }: BenchWorld): number {
  const all = sizes.downtime.reduce((sum, { bytes }) => sum + bytes, 0);
  return all * (1.5 + pairs * 0.5) + 2e9;
}

async function measureTree(
  world: BenchWorld,
  { product }: Place,
  trees: Record<CaptureWord, Tree>,
  byHand: BareServices,
): Promise<Seen> {
  const { files, bytes } = trees.snapshot;
  const size = { files, bytes };
  const backUp = async (capture: CaptureWord): Promise<number> => downtimeOf(await product.backUp(capture));
  for (const capture of CAPTURES) await product.startServices(capture);
  await byHand.stopAndStart();
  await execa('sync');
  const first = {
    snapshot: await backUp('snapshot'),
    'two-pass': await backUp('two-pass'),
    cold: await backUp('cold'),
  };
  const later: Seen['later'] = { snapshot: [], 'two-pass': [], cold: [] };
  const bare: number[] = [];
  for (let round = 0; round < world.pairs; round++) {
    bare.push(await byHand.stopAndStart());
    for (let turn = 0; turn < CAPTURES.length; turn++) {
      const capture = CAPTURES[(round + turn) % CAPTURES.length];
      if (capture === undefined) continue;
      // Not yet on the disk when the backup begins: a snapshot has to wait for that, too.
      await changeTree(trees[capture], SHARE);
      later[capture].push(await backUp(capture));
    }
    const last = CAPTURES.map((capture) => `${capture} ${later[capture].at(-1)} ms`).join(', ');
    world.say(
      `${writeTree(size)}, round ${round + 1} of ${world.pairs}: ${last}, by hand ${bare.at(-1)?.toFixed(0)} ms`,
    );
  }
  return { size, first, later, bare };
}

/** What a backup by snapshot adds to stopping and starting alone. */
function addedBySnapshot({ later, bare }: Seen): Sample {
  return sampleOf(later.snapshot.map((ms, at) => ms - (bare[at] ?? 0)));
}

function report(world: BenchWorld, seen: readonly Seen[]): Findings {
  const added = seen.map(addedBySnapshot);
  const [smallest, largest] = [added[0]?.median ?? 0, added.at(-1)?.median ?? Infinity];
  const what = 'stopped phase by snapshot minus bare stop and start: smallest and largest tree differ by';
  return {
    verdicts: [atMost(what, MOST_GROWTH_MS, Math.abs(largest - smallest), (ms) => `${(ms / 1_000).toFixed(2)} s`)],
    tables: [
      {
        title: `The stopped phase, ${world.pairs} rounds, 1 % changed in each: median (least–most)`,
        columns: ['tree', ...CAPTURES, 'stop and start by hand', 'snapshot minus by hand'],
        rows: seen.map((one, at) => [
          writeTree(one.size),
          ...CAPTURES.map((capture) => writeSeconds(sampleOf(one.later[capture]))),
          writeSeconds(sampleOf(one.bare)),
          added[at] ? writeSeconds(added[at]) : '',
        ]),
      },
      {
        title: 'The stopped phase of the first backup, when everything is new (measured once)',
        columns: ['tree', ...CAPTURES],
        rows: seen.map(({ size, first }) => [
          writeTree(size),
          ...CAPTURES.map((capture) => writeSeconds(sampleOf([first[capture]]))),
        ]),
      },
    ],
    charts: [
      chart('downtime', 'Services are down, 1 % changed', seen, ({ later }, capture) => later[capture]),
      chart('downtime-first', 'Services are down, first backup', seen, ({ first }, capture) => [first[capture]]),
    ],
    notes: [
      'After its first backup, `cold` reads only what changed since the last one, as `two-pass` does; what it does not have is a copy made moments before, so that all that changed since the last backup is copied while services are down.',
    ],
  };
}

function chart(
  name: string,
  title: string,
  seen: readonly Seen[],
  values: (seen: Seen, capture: CaptureWord) => readonly number[],
): Findings['charts'][number] {
  return {
    ...{ name, title, unit: 's' },
    groups: seen.map((one) => ({
      label: writeTree(one.size),
      bars: CAPTURES.map((capture) => ({
        series: capture,
        sample: sampleOf(values(one, capture).map((ms) => ms / 1_000)),
      })),
    })),
  };
}
