import { tmpdir } from 'node:os';
import { sampleOf } from '../numbers.ts';
import { atMost, type Findings, type Row } from '../row.ts';

/** What a catalog of so many backups costs: milliseconds, each the median of many, and megabytes. */
export interface CatalogCost {
  readonly backups: number;
  /** On records that no start has seen. */
  readonly firstStartMs: number;
  readonly startMs: number;
  readonly recoverMs: number;
  readonly listMs: number;
  readonly filterMs: number;
  readonly writeMs: number;
  readonly memoryMb: number;
}

const [START_MS, LIST_MS, WRITE_MS] = [3_000, 100, 10];
/** Listing and writing are called flat when the largest catalog costs no more than this above the smallest, in ms. */
const MOST_GROWTH_MS = 5;
const MEMORY_MB = 150;

/** @param measure answers one cost for each number of backups, from few to many */
export function createCatalogRow(measure: (sizes: readonly number[]) => Promise<readonly CatalogCost[]>): Row {
  return {
    word: 'catalog',
    title: 'A catalog of 100,000 backups',
    method:
      'Generated records, as many operations as backups and a request for each twentieth; each start in a process of its own.',
    async measure(world) {
      const before = process.env.TMPDIR;
      // Where everything of a row stands, so that it goes with it.
      process.env.TMPDIR = await world.room('catalog');
      try {
        world.say(`records are written to ${tmpdir()}`);
        return report(await measure(world.sizes.name === 'small' ? [100, 1_000] : [1_000, 10_000, 100_000]));
      } finally {
        if (before === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = before;
      }
    },
  };
}

function report(costs: readonly CatalogCost[]): Findings {
  const [least, most] = [costs[0], costs.at(-1)];
  if (!least || !most) throw new Error('no catalog was measured');
  const ms = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  const count = most.backups.toLocaleString('en');
  const growth = Math.max(most.listMs - least.listMs, most.filterMs - least.filterMs, most.writeMs - least.writeMs);
  const named: readonly (readonly [string, (cost: CatalogCost) => number])[] = [
    ['first start', ({ firstStartMs }) => firstStartMs],
    ['start', ({ startMs }) => startMs],
    ['of that until recovery can begin', ({ recoverMs }) => recoverMs],
    ['list', ({ listMs }) => listMs],
    ['filter', ({ filterMs }) => filterMs],
    ['one write', ({ writeMs }) => writeMs],
  ];
  return {
    verdicts: [
      atMost(`start with ${count} backups`, START_MS, most.startMs, ms),
      {
        what: 'recovery begins before that',
        target: 'yes',
        seen: ms(most.recoverMs),
        met: most.recoverMs < most.startMs,
      },
      atMost(`list and filter with ${count} backups`, LIST_MS, Math.max(most.listMs, most.filterMs), ms),
      atMost(`one write with ${count} backups`, WRITE_MS, most.writeMs, ms),
      atMost('list, filter and write: more than with the fewest by', MOST_GROWTH_MS, Math.max(0, growth), ms),
      atMost(`memory with ${count} backups`, MEMORY_MB, most.memoryMb, (value) => `${value.toFixed(0)} MB`),
    ],
    tables: [
      {
        title: 'Medians',
        columns: ['backups', ...named.map(([name]) => name), 'memory'],
        rows: costs.map((cost) => [
          cost.backups.toLocaleString('en'),
          ...named.map(([, pick]) => ms(pick(cost))),
          `${cost.memoryMb.toFixed(0)} MB`,
        ]),
      },
    ],
    charts: [
      {
        ...{ name: 'catalog', title: 'What a catalog costs', unit: 'ms' },
        groups: costs.map((cost) => ({
          label: `${cost.backups.toLocaleString('en')} backups`,
          bars: named
            .filter(([name]) => name === 'list' || name === 'filter' || name === 'one write')
            .map(([series, pick]) => ({ series, sample: sampleOf([pick(cost)]) })),
        })),
      },
    ],
    notes: [],
  };
}
