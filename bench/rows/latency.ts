import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { takeCut } from '../../src/backup/take-cut.ts';
import { systemClock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { createPorts } from '../../src/main-ports.ts';
import type { BackupPlan } from '../../src/records/plan.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import type { WorkspacePlatform } from '../../src/workspace/platform.ts';
import { growTree, type Tree } from '../data.ts';
import { ratiosOf, sampleOf, writeRatio, writeSeconds, writeTree } from '../numbers.ts';
import { inTurns } from '../pairs.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { ATTRIBUTE_SECONDS, LATENCY_MS, mountSlowSource } from '../slow-source.ts';
import type { BenchWorld } from '../world.ts';

const LIMIT = 0.45;
const OPERATION = 'op_0000000001';

interface Pair {
  readonly walked: number;
  readonly plain: number;
}

/** The delta over a connection with latency, with and without reading the attributes in parallel beforehand. */
export const latency: Row = {
  word: 'latency',
  title: 'The delta over a slow connection',
  method: `A FUSE view of the data (bench/latency-fs.c) in which every look costs a round trip of ${LATENCY_MS} ms; the kernel believes attributes for ${ATTRIBUTE_SECONDS} s, as an NFS client does for a while. The step "cut" of the product runs as it stands, with its own decision that the source is slow and its own parallel walk, and once more on a platform whose only difference is that it does not walk. Before each, the view is mounted anew, so that no attribute is known. Nothing has changed since the copy before.`,
  async measure(world) {
    const room = await world.room('latency');
    const size = { files: world.sizes.slowFiles, bytes: world.sizes.slowFiles * 9_000 };
    const tree = await growTree(join(room, 'data'), size, world.seed);
    const source = await mountSlowSource(room, tree.root, world.rooms);
    const pairs: Pair[] = [];
    try {
      const cut = await prepareCut(world, room, source.point);
      for (let at = 0; at < world.pairs; at++) {
        const measureOne = async (walks: boolean) => {
          await source.forgetAttributes();
          return cut(walks);
        };
        const [walked, plain] = await inTurns(
          at % 2 === 0,
          () => measureOne(true),
          () => measureOne(false),
        );
        pairs.push({ walked, plain });
        world.say(`pair ${at + 1} of ${world.pairs}: ${(walked / plain).toFixed(3)}`);
      }
    } finally {
      await source.end();
    }
    return report(tree, pairs);
  },
};

/** Answers what takes the cut once, with or without the walk, and says how long it took, in ms. */
async function prepareCut(world: BenchWorld, room: string, path: string): Promise<(walks: boolean) => Promise<number>> {
  const repository = join(room, 'repository');
  await execa('cp', ['-a', world.emptyRepository, repository]);
  const { platform, mover } = createPorts({
    ...{ data: join(room, 'cml-data'), log: silent, clock: systemClock, pageCommand: () => undefined },
    environment: { CML_RESTIC: world.restic },
  }).portsFor({
    name: 'slow',
    platform: { kind: 'local', volumes: [{ name: 'data', path }] },
    repository: { kind: 'restic', location: repository, passwordFile: world.passwordFile },
    policy: workspacePolicy.parse({}),
  });
  const folder = join(room, 'cml-data', 'work', OPERATION);
  await mkdir(folder, { recursive: true });
  await mover.probe();
  const options = { folder, key: 'first' };
  let parent = (await mover.copy({ paths: [path], exclude: [], tags: [OPERATION] }, options)).id;
  const quiet = await platform.stop(await platform.noteRunning(OPERATION));
  const plan = planOf(path);
  return async (walks) => {
    const without: WorkspacePlatform = { ...platform, warmUp: async () => {} };
    const beganAt = performance.now();
    const cut = await takeCut({ ...plan, parents: { cut: parent } }, quiet, undefined, {
      ...{ platform: walks ? platform : without, mover, operationId: OPERATION, folder, onProgress: undefined },
      now: () => systemClock.now(),
      sleep: (ms) => systemClock.sleep(ms),
      signal: AbortSignal.timeout(600_000),
    });
    const tookMs = performance.now() - beganAt;
    parent = cut.delta?.id ?? parent;
    return tookMs;
  };
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** As the preflight makes it for one volume in two passes. */
function planOf(path: string): BackupPlan {
  const part = { name: 'data', kind: 'volume', location: 'internal', path, capture: 'two-pass', reason: '' } as const;
  return {
    ...{ workspace: 'slow', release: '1', services: [], leftOut: [], budgetMs: 600_000, noticeMs: 0, warnings: [] },
    parts: [{ ...part, files: 0, bytes: 0, exclude: [] }],
    forecast: { downtimeMs: 0, totalMs: 0, basis: '' },
    parents: {},
  };
}

function report(tree: Tree, pairs: readonly Pair[]): Findings {
  const ratio = ratiosOf(pairs.map(({ walked, plain }) => ({ ours: walked, bare: plain })));
  const [walked, plain] = [pairs.map((pair) => pair.walked), pairs.map((pair) => pair.plain)];
  const inSeconds = (values: readonly number[]) => sampleOf(values.map((ms) => ms / 1_000));
  return {
    verdicts: [
      atMost('delta over a slow connection: with the parallel walk / without', LIMIT, ratio.median, (one) =>
        one.toFixed(3),
      ),
    ],
    tables: [
      {
        title: `${writeTree(tree)}, ${pairs.length} pairs: median (least–most)`,
        columns: ['with the walk', 'without', 'with / without, pair by pair'],
        rows: [[writeSeconds(sampleOf(walked)), writeSeconds(sampleOf(plain)), writeRatio(ratio)]],
      },
    ],
    charts: [
      {
        ...{ name: 'latency', title: `The delta at ${LATENCY_MS} ms per round trip`, unit: 's' },
        groups: [
          { label: 'with the parallel walk', bars: [{ series: 'cut', sample: inSeconds(walked) }] },
          { label: 'without', bars: [{ series: 'cut', sample: inSeconds(plain) }] },
        ],
      },
    ],
    notes: [],
  };
}
