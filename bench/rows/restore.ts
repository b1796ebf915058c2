import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import type { Operation } from '../../src/records/operation.ts';
import { createBare } from '../bare.ts';
import { type Beside, besideCells, besideColumns, copyRatios, tellRatio } from '../beside.ts';
import { growTree, type TreeSize } from '../data.ts';
import { sampleOf, writeSeconds, writeTree } from '../numbers.ts';
import { inTurns } from '../pairs.ts';
import { makePlace } from '../place.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { stepTable } from '../step-table.ts';
import { backupOf, downtimeOf, msOf } from '../steps.ts';
import type { BenchWorld } from '../world.ts';

const LIMIT = 1.05;
const ITEMS = ['counting'] as const;
/** The stopped phase of a restore is called constant when its medians differ by no more than this, in ms. */
const MOST_GROWTH_MS = 300;

interface Seen {
  readonly size: TreeSize;
  readonly pairs: Beside[];
  readonly operations: Operation[];
}

/** Restoring beside restic by hand, and how long services are down for it. */
export const restore: Row = {
  word: 'restore',
  title: 'Restoring',
  method:
    'Each pair restores the same copy twice: asked for, approved and swapped in by the server, and by hand with the words that the product uses. Ours is the whole step "fill": what restic takes, moving it into place and counting on the disk what arrived; restic by hand counts nothing, so that stands by itself and is not compared (in steps of 10 ms, as the program near the data says). Before each, what the one before left is removed and the disks come to rest.',
  async measure(world) {
    const seen: Seen[] = [];
    for (const [at, size] of world.sizes.restore.entries()) seen.push(await measureSize(world, `restore-${at}`, size));
    return report(seen);
  },
};

async function measureSize(world: BenchWorld, name: string, size: TreeSize): Promise<Seen> {
  const room = await world.room(name);
  const tree = await growTree(join(room, 'data'), size, world.seed);
  const { folder, product } = await makePlace(world, name, [{ name, volume: { name: 'data', path: tree.root } }]);
  await product.startServices(name);
  const backupId = backupOf(await product.backUp(name));
  const copyId = await copyOf(folder, backupId);
  const bare = createBare(world, {
    folder: join(folder, 'by-hand'),
    workspace: name,
    repository: join(folder, `repository-${name}`),
  });
  const seen: Seen = { size, pairs: [], operations: [] };
  // Removed before the next side, whichever it is: memory and room that were just given back cost both the same.
  const left: string[] = [];
  const removeLeft = async () => void (await execa('rm', ['-rf', ...left.splice(0)]));
  for (let at = 0; at < world.pairs; at++) {
    const target = join(folder, `restored-${at}`);
    const [ours, byHand] = await inTurns(
      at % 2 === 0,
      async () => {
        const operation = await product.restore(name, backupId);
        left.push(...displacedOf(operation));
        return operation;
      },
      async () => {
        left.push(`${target}.partial`);
        return bare.restore(copyId, tree.root, target);
      },
      removeLeft,
    );
    const pair = { ours: msOf(ours, 'fill'), bare: byHand, took: await product.took(ours.id, 'fill-data') };
    seen.pairs.push(pair);
    seen.operations.push(ours);
    world.say(`${writeTree(size)}, pair ${at + 1} of ${world.pairs}: ${tellRatio(pair)}, down ${downtimeOf(ours)} ms`);
  }
  await product.end();
  return seen;
}

const withDisplaced = z.looseObject({ displaced: z.array(z.string()) });

/** What was live before. Only what a restore of ours moved away is answered. */
function displacedOf({ id, outcome }: Operation): string[] {
  const places = withDisplaced.parse(outcome).displaced;
  return places.filter((place) => basename(place).startsWith(`.cml-${id}`) && dirname(place) !== '/');
}

const withParts = z.looseObject({ parts: z.array(z.looseObject({ copyId: z.string() })) });

async function copyOf(folder: string, backupId: string): Promise<string> {
  const { stdout } = await execa('cat', [join(folder, 'cml-data', 'backups', `${backupId}.json`)]);
  const [part] = withParts.parse(JSON.parse(stdout)).parts;
  if (!part) throw new Error(`${backupId} has no part`);
  return part.copyId;
}

function report(seen: readonly Seen[]): Findings {
  const down = seen.map(({ operations }) => sampleOf(operations.map(downtimeOf)));
  const largest = seen.at(-1);
  const growth = Math.abs((down.at(-1)?.median ?? Infinity) - (down[0]?.median ?? 0));
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const [title, unit] = ['Restoring beside bare restic', 's'];
  const inSeconds = (values: readonly number[]) => sampleOf(values.map((ms) => ms / 1_000));
  return {
    verdicts: [
      atMost(
        'restore step (without counting) / bare restic, the largest tree',
        LIMIT,
        copyRatios(largest?.pairs ?? []).median,
        (one) => one.toFixed(3),
      ),
      ...(seen.length < 2
        ? []
        : [atMost('stopped phase of a restore: smallest and largest tree differ by', MOST_GROWTH_MS, growth, seconds)]),
    ],
    tables: [
      {
        title: 'Median (least–most)',
        columns: ['tree', ...besideColumns(ITEMS), 'stopped phase'],
        rows: seen.map(({ size, pairs }, at) => [
          writeTree(size),
          ...besideCells(ITEMS, pairs),
          down[at] ? writeSeconds(down[at]) : '',
        ]),
      },
      ...(largest ? [stepTable(`Every step of a restore of ${writeTree(largest.size)}`, largest.operations)] : []),
    ],
    charts: [
      {
        ...{ name: 'restore', title, unit },
        groups: seen.map(({ size, pairs, operations }) => ({
          label: writeTree(size),
          bars: [
            { series: 'our step', sample: inSeconds(pairs.map(({ ours }) => ours)) },
            { series: 'bare restic', sample: inSeconds(pairs.map(({ bare }) => bare)) },
            { series: 'services are down', sample: inSeconds(operations.map(downtimeOf)) },
          ],
        })),
      },
    ],
    notes: [],
  };
}
