import { createLowdbCatalog } from '../src/catalog/lowdb/lowdb-catalog.ts';
import type { Backup } from '../src/records/backup.ts';

/** Milliseconds, each the median of many; memory in megabytes of this whole process. */
export interface CatalogTimes {
  /** Until the open operations are known, which is all that recovery needs. */
  readonly recoverMs: number;
  /** Until everything can be asked for. */
  readonly startMs: number;
  readonly listMs: number;
  readonly filterMs: number;
  readonly findMs: number;
  readonly writeMs: number;
  readonly memoryMb: number;
}

const TIMES = 31;

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < TIMES; round += 1) {
    const began = performance.now();
    await work();
    taken.push(performance.now() - began);
  }
  return round(taken.toSorted((one, other) => one - other)[Math.floor(TIMES / 2)] ?? 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

async function timesOf(folder: string): Promise<CatalogTimes> {
  const began = performance.now();
  const catalog = createLowdbCatalog({ folder });
  await catalog.operations.listOpen();
  const recoverMs = round(performance.now() - began);
  await catalog.open();
  const startMs = round(performance.now() - began);
  const memoryMb = round(process.memoryUsage.rss() / 1e6);
  const { backups, operations } = catalog;
  const [newest] = await backups.list({ limit: 1 });
  const rare = { workspace: 'fraud', status: ['incomplete', 'deleting'] as const, limit: 20 };
  return {
    recoverMs,
    startMs,
    memoryMb,
    listMs: await medianMs(() => Promise.all([backups.list({ limit: 20 }), operations.list({ limit: 20 })])),
    filterMs: await medianMs(() => backups.list(rare)),
    findMs: await medianMs(async () => (await backups.known()).filter(({ id }) => id.endsWith('nothing'))),
    writeMs: await medianMs(() => backups.change(newest?.id ?? '', (now): Backup => ({ ...now, warnings: ['seen'] }))),
  };
}

process.stdout.write(JSON.stringify(await timesOf(process.argv[2] ?? '')));
