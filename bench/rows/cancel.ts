import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findProcesses } from '../../src/workspace/local/find-processes.ts';
import { growTree } from '../data.ts';
import { sampleOf, writeSeconds, writeTree } from '../numbers.ts';
import { makePlace } from '../place.ts';
import { atMost, type Row } from '../row.ts';
import { type BenchWorld, clearFolder } from '../world.ts';

const LIMIT_MS = 1_000;
/** How long restic copies before the cancel comes, in ms; by then it reads and writes with all it has. */
const COPYING_MS = 600;

/** How soon services start when a backup is cancelled that copies while they are down. */
export const cancel: Row = {
  word: 'cancel',
  title: 'Cancelled while services are down',
  method:
    'A backup of everything by `cold`: services are down while restic copies. 0.6 s into the copy a person cancels. Measured from the word being sent to the first service process coming to life (its start time by the kernel, to 10 ms), and to all services being ready. Nothing is in the repository before, so that the copy is long.',
  async measure(world) {
    const room = await world.room('cancel');
    const tree = await growTree(join(room, 'data'), world.sizes.copies, world.seed);
    const seen: { readonly started: number; readonly ready: number }[] = [];
    for (let at = 0; at < world.pairs; at++) {
      seen.push(await cancelOnce(world, tree.root, `cancelled-${at + 1}`));
      const { started, ready } = seen.at(-1) ?? { started: 0, ready: 0 };
      world.say(`${at + 1} of ${world.pairs}: services started ${started} ms after the word, ready after ${ready} ms`);
    }
    const started = sampleOf(seen.map((one) => one.started));
    return {
      verdicts: [
        atMost(
          'from the word cancel to services starting (the slowest)',
          LIMIT_MS,
          started.high,
          (ms) => `${(ms / 1_000).toFixed(2)} s`,
        ),
      ],
      tables: [
        {
          title: `${writeTree(tree)}, cancelled ${world.pairs} times: median (least–most)`,
          columns: ['until the first service starts', 'until all are ready'],
          rows: [[writeSeconds(started), writeSeconds(sampleOf(seen.map((one) => one.ready)))]],
        },
      ],
      charts: [],
      notes: [],
    };
  },
};

/** With a server and a repository of its own: nothing was copied before. */
async function cancelOnce(world: BenchWorld, path: string, name: string) {
  const { folder, product } = await makePlace(world, name, [{ name, volume: { name: 'data', path, capture: 'cold' } }]);
  await product.startServices(name);
  const id = await product.beginBackup(name);
  await awaitCopying(join(folder, 'cml-data', 'work', id, 'delta.out'));
  await wait(COPYING_MS);
  const toldAt = Date.now();
  await product.cancel(id);
  const ended = await product.ended(id);
  if (ended.status !== 'cancelled') throw new Error(`${id} ${ended.status} before it could be cancelled`);
  const up = ended.journal.find((event) => event.type === 'ensured' && event.step === 'start');
  if (!up) throw new Error(`services of ${name} were not started`);
  const seen = { started: startOfServices(folder, name) - toldAt, ready: Date.parse(up.at) - toldAt };
  await product.end();
  await clearFolder(folder);
  return seen;
}

async function awaitCopying(output: string): Promise<void> {
  for (const until = Date.now() + 60_000; ; await wait(10)) {
    try {
      readFileSync(output);
      return;
    } catch (cause) {
      if (Date.now() > until) throw new Error('the copy did not begin', { cause });
    }
  }
}

/** When the first of them came to life, in ms since 1970. Source: proc(5), field 22 of `/proc/<pid>/stat` and `btime`. */
function startOfServices(folder: string, workspace: string): number {
  const state = `CML_STATE=${join(folder, 'cml-data', 'workspaces', workspace)}`;
  const services = findProcesses({ marks: [state] });
  if (services.length === 0) throw new Error('no service runs after the cancel');
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
  const bootedAt = Date.now() - uptimeMs;
  return Math.min(...services.map(({ startTime }) => Math.round(bootedAt + Number(startTime) * 10)));
}
