import { createLowdbCatalog } from '../src/catalog/lowdb/lowdb-catalog.ts';
import { systemClock } from '../src/clock.ts';
import type { Log } from '../src/log.ts';
import type { Scheduled } from '../src/schedule/schedule.ts';
import { createScheduler } from '../src/schedule/scheduler.ts';
import { settingsForAll } from '../src/schedule/settings.ts';

/** What the process says once, as JSON, when it ends. Lengths of time in milliseconds. */
export interface Drift {
  /** Until every schedule was looked at for the first time. */
  readonly startMs: number;
  /** From a slot to the moment when it was begun, one for each. */
  readonly drifts: readonly number[];
  /** Slots that passed while it ran, and were begun. */
  readonly due: number;
  readonly residentBytes: number;
}

const MINUTE = 60_000;
/** Each has a slot this often, and in every minute the same share of them. */
const EVERY_MINUTES = 10;

/** The real scheduler over a real catalog, in a process whose event loop is taken `busyMs` out of every 100. */
async function measure(folder: string, count: number, minutes: number, busyMs: number): Promise<Drift> {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const schedules = Array.from({ length: count }, (_, at) => makeSchedule(at));
  const catalog = createLowdbCatalog({ folder });
  const drifts: number[] = [];
  /** A slot that passed while this process began is caught up, and is no drift. */
  let countedFrom = Number.POSITIVE_INFINITY;
  const scheduler = createScheduler({
    ...{ schedules: () => schedules, states: catalog.schedules, clock: systemClock, log: silent as unknown as Log },
    async fire(_, slotAt) {
      if (slotAt.getTime() >= countedFrom) drifts.push(Date.now() - slotAt.getTime());
      return { status: 'done' };
    },
    findBegun: async () => undefined,
    mayBeginAgain: () => false,
    lengthsOf: async () => ({}),
    tell: async () => undefined,
    onBug: (error) => {
      throw error;
    },
  });
  const from = performance.now();
  await scheduler.begin();
  const startMs = performance.now() - from;
  const busy = setInterval(() => {
    for (const until = performance.now() + busyMs; performance.now() < until; );
  }, 100);
  const first = Math.floor(Date.now() / MINUTE) + 1;
  countedFrom = first * MINUTE;
  await systemClock.sleep((first + minutes) * MINUTE - Date.now() - 5_000);
  clearInterval(busy);
  scheduler.end();
  await scheduler.settled();
  const due = schedules.filter(
    (_, at) => (((at - first) % EVERY_MINUTES) + EVERY_MINUTES) % EVERY_MINUTES < minutes,
  ).length;
  return { startMs, drifts, due, residentBytes: process.memoryUsage().rss };
}

function makeSchedule(at: number): Scheduled {
  const when = `${at % EVERY_MINUTES}-59/${EVERY_MINUTES} * * * *`;
  const name = `schedule-${at}`;
  return {
    ...{ id: `bench/${name}`, name, workspace: 'bench', does: 'check' },
    settings: settingsForAll('check', { when, zone: 'Europe/Berlin' }),
  };
}

const [folder = '', count = '0', minutes = '1', busyMs = '0'] = process.argv.slice(2);
const drift = await measure(folder, Number(count), Number(minutes), Number(busyMs));
process.stdout.write(`${JSON.stringify(drift)}\n`, () => process.exit(0));
