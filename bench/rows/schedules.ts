import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { atMost, type Findings, type Row } from '../row.ts';
import type { Drift } from '../schedule-drift.ts';

const COUNT = 2_000;
const START_LIMIT_MS = 10_000;
const MEMORY_LIMIT_MB = 150;
/** The minute is what people ask for; the tick comes within its first second. */
const DRIFT_LIMIT_MS = 5_000;
const DRIFT = fileURLToPath(new URL('../schedule-drift.js', import.meta.url));

const LOADS = [
  { name: 'idle', busyMs: 0 },
  { name: 'half of the processor taken', busyMs: 50 },
] as const;

/** Many schedules in one process. */
export const schedules: Row = {
  word: 'schedules',
  title: 'Schedules',
  method: `${COUNT.toLocaleString('en')} schedules in one process, with the real scheduler and a real catalog; each has a slot every ten minutes, a tenth of them in each minute, and does nothing. The start is measured twice: on an empty folder, where every schedule is written down for the first time, and on the one that it left. Drift is the time from a slot to its beginning, its state written to the disk before. Under load something else takes the event loop of that process for half of the time.`,
  async measure(world) {
    const folder = join(await world.room('schedules'), 'data');
    const minutes = world.sizes.name === 'small' ? 1 : 3;
    const seen: Drift[] = [];
    for (const { name, busyMs } of LOADS) {
      world.say(`${minutes} min, ${name}`);
      const { stdout } = await execa(process.execPath, [DRIFT, folder, String(COUNT), String(minutes), String(busyMs)]);
      seen.push(JSON.parse(stdout));
    }
    return report(seen);
  },
};

function report(seen: readonly Drift[]): Findings {
  const [first, later] = seen;
  const inMs = (value: number) => `${value.toFixed(0)} ms`;
  const inMb = (value: number) => `${value.toFixed(0)} MB`;
  const most = (values: readonly number[]) => values.reduce((high, value) => Math.max(high, value), 0);
  const rows = seen.map(({ startMs, drifts, due, residentBytes }, at) => [
    LOADS[at]?.name ?? '',
    inMs(startMs),
    `${drifts.length} of ${due}`,
    inMs(median(drifts)),
    inMs(most(drifts)),
    inMb(residentBytes / 1e6),
  ]);
  return {
    verdicts: [
      atMost('first start, every state written', START_LIMIT_MS, first?.startMs ?? Number.POSITIVE_INFINITY, inMs),
      atMost('later start', START_LIMIT_MS, later?.startMs ?? Number.POSITIVE_INFINITY, inMs),
      atMost('drift, the most, under load', DRIFT_LIMIT_MS, most(later?.drifts ?? [Number.POSITIVE_INFINITY]), inMs),
      atMost('memory', MEMORY_LIMIT_MB, most(seen.map(({ residentBytes }) => residentBytes / 1e6)), inMb),
      ...seen.map(({ drifts, due }, at) => ({
        ...{ what: `slots that were begun, ${LOADS[at]?.name}`, target: String(due) },
        ...{ seen: String(drifts.length), met: drifts.length === due },
      })),
    ],
    tables: [
      {
        title: `${COUNT.toLocaleString('en')} schedules`,
        columns: ['', 'start', 'begun', 'drift, median', 'drift, the most', 'memory'],
        rows,
      },
    ],
    charts: [],
    notes: [],
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
