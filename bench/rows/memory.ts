import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { growTree } from '../data.ts';
import { sampleOf, writeTree } from '../numbers.ts';
import { makePlace } from '../place.ts';
import { residentMb } from '../resident.ts';
import type { Row, Verdict } from '../row.ts';

const SERVER_LIMIT_MB = 150;
const LOADED_LIMIT_MB = 300;
const LOAD = fileURLToPath(new URL('../load-everything.js', import.meta.url));

/** What the server holds in memory. */
export const memory: Row = {
  word: 'memory',
  title: 'Memory',
  method:
    'Resident memory of the server by the kernel (VmRSS, and VmHWM for the most it ever had): when it has just begun to answer, and when a backup has ended that counted and listed every file. restic and the services are processes of their own and do not count. Everything loaded: one process that has imported every file of the product, adapters that nobody configured too.',
  async measure(world) {
    const room = await world.room('memory');
    const tree = await growTree(join(room, 'data'), world.sizes.copies, world.seed);
    const volume = { name: 'data', path: tree.root };
    const { product } = await makePlace(world, 'memory', [{ name: 'memory', volume }]);
    const idle = residentMb(product.pid, 'VmRSS');
    await product.startServices('memory');
    for (let times = 0; times < 2; times++) await product.backUp('memory');
    const [after, most] = [residentMb(product.pid, 'VmRSS'), residentMb(product.pid, 'VmHWM')];
    await product.end();
    const { stdout } = await execa(process.execPath, [LOAD]);
    const loaded = Number(stdout) / 1e6;
    const bars = {
      'server, idle': idle,
      'server, after two backups': after,
      'server, the most': most,
      'everything loaded': loaded,
    };
    return {
      verdicts: [
        below('local server, idle', SERVER_LIMIT_MB, idle),
        below('local server, the most it had by the end of two backups', SERVER_LIMIT_MB, most),
        below('everything loaded', LOADED_LIMIT_MB, loaded),
      ],
      tables: [
        {
          title: `A workspace with ${writeTree(tree)}`,
          columns: ['', 'MB'],
          rows: Object.entries(bars).map(([label, megabytes]) => [label, megabytes.toFixed(0)]),
        },
      ],
      charts: [
        {
          ...{ name: 'memory', title: 'Resident memory', unit: 'MB' },
          groups: Object.entries(bars).map(([label, megabytes]) => ({
            label,
            bars: [{ series: 'resident', sample: sampleOf([megabytes]) }],
          })),
          limit: { value: SERVER_LIMIT_MB, label: 'limit of the server' },
        },
      ],
      notes: [],
    };
  },
};

function below(what: string, limit: number, megabytes: number): Verdict {
  return { what, target: `< ${limit} MB`, seen: `${megabytes.toFixed(0)} MB`, met: megabytes < limit };
}
