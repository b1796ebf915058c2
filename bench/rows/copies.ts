import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import type { Operation } from '../../src/records/operation.ts';
import { type Bare, createBare } from '../bare.ts';
import { type Beside, besideCells, besideColumns, copyRatios, tellRatio } from '../beside.ts';
import { changeTree, growTree, type Tree } from '../data.ts';
import { sampleOf, writeTree } from '../numbers.ts';
import { inTurns } from '../pairs.ts';
import { makePlace } from '../place.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { stepBars, stepTable } from '../step-table.ts';
import { deltaMsOf, msOf } from '../steps.ts';
import { makeSnapshotVolume } from '../volume.ts';
import { type BenchWorld, clearFolder } from '../world.ts';

const KINDS = [
  'pre-copy, everything new',
  'delta after it',
  'pre-copy, 1 % changed',
  'delta after that',
  'snapshot, 1 % changed',
  'whole cut, everything new',
  'whole cut, 1 % changed',
];
const DELTAS = [1, 3];
/** The whole step around the delta, beside the same calls by hand: not a copy, shown so that nothing is hidden. */
const CUTS = { 0: 5, 2: 6 } as const;
const LIMIT = 1.05;
const ITEMS = ['flush', 'marking'] as const;
const SHARE = 0.01;
/** What changed shortly before a first pass is read again after it, which only the side that goes first would pay for. */
const SETTLED_MS = 2_500;

/** Each copy of ours beside the same call of restic by hand. */
export const copies: Row = {
  word: 'copies',
  title: 'Copying, beside bare restic',
  method:
    'Each pair begins with two copies of one empty repository. One side is a backup by the server, the other the same calls of restic by hand: the same words and variables (taken from the product), the same parent, a cache of the same age, the source in the page cache, the last change more than 2 s ago (what changes shortly before or during a first pass is read again in the delta). Ours is the whole step by the journal: what restic takes and everything around it (starting it, following it, writing the journal; of the step "cut" the share that copies; the step as a whole, which also proves twice that nobody writes, stands below it). What restic by hand does not do at all stands by itself and is not compared: before a first pass pages are flushed to the disk, after it what changed meanwhile is marked to be read again. What the program near the data says of itself (restic, flush, marking) comes in steps of 10 ms. Who begins changes from pair to pair; before each side the disks come to rest.',
  async measure(world) {
    const pairs: Beside[][] = KINDS.map(() => []);
    const operations = await measureTwoPass(world, pairs);
    const secured = await measureSnapshot(world, pairs);
    return report(world, pairs, operations, secured);
  },
};

/** Fills the pairs of the first four kinds; answers the second backup of each pair. */
async function measureTwoPass(world: BenchWorld, pairs: Beside[][]): Promise<Operation[]> {
  const room = await world.room('copies');
  const tree = await growTree(join(room, 'data'), world.sizes.copies, world.seed);
  const second: Operation[] = [];
  for (let at = 0; at < world.pairs; at++) {
    second.push(await measurePair(world, tree, at, pairs));
    world.say(
      `pair ${at + 1} of ${world.pairs}: ${pairs
        .map(tellLast)
        .filter((text) => text !== '')
        .join(' ')}`,
    );
  }
  return second;
}

/** A server, a repository and a catalog of its own for each pair: nobody has copied anything before. */
async function measurePair(world: BenchWorld, tree: Tree, at: number, pairs: Beside[][]): Promise<Operation> {
  const name = `pair-${at + 1}`;
  const volume = { name: 'data', path: tree.root, capture: 'two-pass' };
  const { folder, product } = await makePlace(world, name, [{ name, volume }]);
  await product.startServices(name);
  const repository = join(folder, 'bare');
  await execa('cp', ['-a', world.emptyRepository, repository]);
  const bare = createBare(world, { folder: join(folder, 'by-hand'), workspace: name, repository });
  const backUpBoth = async (kind: 0 | 2, parent: string | undefined) => {
    await changeTree(tree, SHARE);
    await wait(SETTLED_MS);
    const [ours, byHand] = await inTurns(
      at % 2 === 0,
      () => product.backUp(name),
      () => copyTwice(bare, tree, parent),
    );
    const first = await product.took(ours.id, 'pre-copy');
    const delta = { bare: byHand.second, took: await product.took(ours.id, 'delta') };
    pairs[kind]?.push({ ours: msOf(ours, 'pre-copy'), bare: byHand.first, took: first });
    pairs[kind + 1]?.push({ ours: deltaMsOf(ours), ...delta });
    pairs[CUTS[kind]]?.push({ ours: msOf(ours, 'cut'), ...delta });
    return { ours, parent: byHand.id };
  };
  const { parent } = await backUpBoth(0, undefined);
  const { ours } = await backUpBoth(2, parent);
  await product.end();
  await clearFolder(folder);
  return ours;
}

function tellLast(pairs: readonly Beside[]): string {
  const last = pairs.at(-1);
  return last ? tellRatio(last) : '';
}

async function copyTwice(bare: Bare, { root }: Tree, parent: string | undefined) {
  const request = { paths: [root], exclude: [], tags: ['op_0000000000'] };
  const first = await bare.copy({ ...request, tags: [...request.tags, 'pre-copy'], ...(parent ? { parent } : {}) });
  const second = await bare.copy({ ...request, parent: first.copy.id });
  return { first: first.ms, second: second.ms, id: second.copy.id };
}

async function measureSnapshot(world: BenchWorld, pairs: Beside[][]): Promise<Operation[]> {
  const room = await world.room('copies-snapshot');
  const storage = await makeSnapshotVolume(room, world.sizes.copies.bytes * 3 + 1e9);
  const tree = await growTree(await storage.subvolume('data'), world.sizes.copies, world.seed);
  const snapshot = storage.snapshotOf('data');
  const volume = { name: 'data', path: tree.root, capture: 'snapshot', snapshot };
  const { folder, product } = await makePlace(world, 'copies-snapshot', [{ name: 'snapshot', volume }]);
  await product.startServices('snapshot');
  await product.backUp('snapshot');
  const repository = join(folder, 'bare');
  await execa('cp', ['-a', world.emptyRepository, repository]);
  const bare = createBare(world, { folder: join(folder, 'by-hand'), workspace: 'snapshot', repository });
  let parent = (await copySnapshot(bare, snapshot, undefined)).copy.id;
  const operations: Operation[] = [];
  for (let at = 0; at < world.pairs; at++) {
    await changeTree(tree, SHARE);
    const [ours, byHand] = await inTurns(
      at % 2 === 0,
      () => product.backUp('snapshot'),
      () => copySnapshot(bare, snapshot, parent),
    );
    parent = byHand.copy.id;
    const took = await product.took(ours.id, 'later');
    pairs[4]?.push({ ours: msOf(ours, 'copy snapshots'), bare: byHand.ms, took });
    operations.push(ours);
    world.say(`snapshot, pair ${at + 1} of ${world.pairs}: ${tellLast(pairs[4] ?? [])}`);
  }
  await product.end();
  await execa('umount', [storage.point]);
  return operations;
}

/** By hand too: made, copied, dropped. Only copying is timed. */
async function copySnapshot(
  bare: Bare,
  { make, drop, path }: { make: string[]; drop: string[]; path: string },
  parent: string | undefined,
) {
  const run = ([program = '', ...args]: readonly string[]) => execa(program, args);
  await run(make);
  try {
    return await bare.copy({ paths: [path], exclude: [], tags: ['op_0000000000'], ...(parent ? { parent } : {}) });
  } finally {
    await run(drop);
  }
}

function report(world: BenchWorld, pairs: Beside[][], two: Operation[], snapshot: Operation[]): Findings {
  const worst = (kinds: readonly number[]) => Math.max(...kinds.map((kind) => copyRatios(pairs[kind] ?? []).median));
  const rest = [0, 2, 4];
  const write = (value: number) => value.toFixed(3);
  return {
    verdicts: [
      atMost(
        'pre-copy (without flush and marking) and copying a snapshot / bare restic (the worst)',
        LIMIT,
        worst(rest),
        write,
      ),
      atMost('the delta while services are down / bare restic', LIMIT, worst(DELTAS), write),
    ],
    tables: [
      {
        title: `${writeTree(world.sizes.copies)}, ${world.pairs} pairs each: median (least–most)`,
        columns: ['copy', ...besideColumns(ITEMS)],
        rows: KINDS.map((kind, at) => [kind, ...besideCells(ITEMS, pairs[at] ?? [])]),
      },
      stepTable('Every step of the second backup of each pair (two-pass, 1 % changed)', two),
      stepTable('Every step of a backup by snapshot, 1 % changed', snapshot),
    ],
    charts: [
      {
        name: 'copies',
        title: 'Copy steps beside bare restic',
        unit: 's',
        groups: KINDS.map((label, at) => ({
          label,
          bars: [
            { series: 'our step', sample: inSeconds((pairs[at] ?? []).map(({ ours }) => ours)) },
            { series: 'bare restic', sample: inSeconds((pairs[at] ?? []).map(({ bare }) => bare)) },
          ],
        })),
      },
      stepBars('steps', 'Where a two-pass backup spends its time', two),
    ],
    notes: [],
  };
}

function inSeconds(values: readonly number[]) {
  return sampleOf(values.map((ms) => ms / 1_000));
}
