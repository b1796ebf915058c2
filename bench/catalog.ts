import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createNewId, type IdPrefix } from '../src/records/ids.ts';
import type { JournalEvent } from '../src/records/operation.ts';
import { makeBackup, makeOperation, makePart, makeRequest } from '../test/fakes/records.ts';
import type { CatalogTimes } from './catalog-times.ts';

/** What a catalog of so many backups costs; as many operations, and a request for each twentieth. Medians. */
export interface Row extends CatalogTimes {
  readonly backups: number;
  /** The first start on records that no start has seen: everything is read. Milliseconds. */
  readonly firstStartMs: number;
}

const SIZES = [1_000, 10_000, 100_000];
const MEASURE = fileURLToPath(import.meta.url).replace(/catalog(\.[jt]s)$/, 'catalog-times$1');

export async function benchCatalog(sizes: readonly number[] = SIZES): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'cml-bench-catalog-'));
    try {
      writeRecords(folder, { backups: size, operations: size });
      const first = await measure(folder);
      const later = [await measure(folder), await measure(folder), await measure(folder)];
      const middle = later.toSorted((one, other) => one.startMs - other.startMs)[1] ?? first;
      rows.push({ backups: size, firstStartMs: first.startMs, ...middle });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

/** In a process of its own, as a start is; the memory is that process's. */
async function measure(folder: string): Promise<CatalogTimes> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, MEASURE, folder]);
  return JSON.parse(stdout);
}

/** Of the records. */
export const WORKSPACES = ['team-ml', 'vision', 'speech', 'fraud'];
const MINUTE = 60_000;
const BEGIN = Date.parse('2020-01-01T00:00:00.000Z');

/** Records as years of nights leave them, written without the care that a catalog takes. */
export function writeRecords(folder: string, count: { readonly backups: number; readonly operations: number }): void {
  const rooms = ['backups', 'operations/open', 'operations/ended', 'requests'].map((name) => join(folder, name));
  for (const room of rooms) mkdirSync(room, { recursive: true });
  const write = <T extends { readonly id: string }>(room: string, record: T) =>
    writeFileSync(join(folder, room, `${record.id}.json`), `${JSON.stringify(record)}\n`);
  for (let index = 0; index < count.backups; index += 1) {
    const at = (minutes: number) => new Date(BEGIN + (index * 30 + minutes) * MINUTE).toISOString();
    const workspace = WORKSPACES[index % WORKSPACES.length] ?? '';
    const id = (prefix: IdPrefix) =>
      createNewId(
        () => new Date(at(0)),
        () => 0.5,
      )(prefix);
    write('backups', { ...backupOf(index, at), id: id('bkp'), operationId: id('op'), workspace });
    // Of the oldest there may be none left.
    if (index >= count.backups - count.operations) {
      write('operations/ended', { ...operationOf(index, at), id: id('op'), workspace });
    }
    if (index % 20 === 0) {
      write(
        'requests',
        makeRequest({ id: id('req'), backupId: id('bkp'), workspace, askedAt: at(20), status: 'used' }),
      );
    }
  }
  write('operations/open', makeOperation());
}

type At = (minutes: number) => string;

function backupOf(index: number, at: At) {
  const copyId = (kind: string) => `${kind}${index.toString(16).padStart(63, '0')}`;
  const parts = ['db', 'registry', 'projects', 'models'].map((name) =>
    makePart({ name, copyId: copyId('a'), takenAt: at(5) }),
  );
  const status =
    index % 47 === 0 ? ('incomplete' as const) : index % 3 === 0 ? ('deleted' as const) : ('completed' as const);
  const manifestCopyId = copyId('b');
  return makeBackup({ parts, status, manifestCopyId, startedAt: at(0), takenAt: at(5), endedAt: at(9) });
}

function operationOf(index: number, at: At) {
  const steps = Array.from({ length: 15 }, (_, step): JournalEvent[] => [
    { type: 'step-began', at: at(1), step: `step ${step}` },
    { type: 'step-done', at: at(2), step: `step ${step}`, result: { parts: ['db', 'registry'], took: index } },
  ]);
  return makeOperation({ status: 'succeeded', startedAt: at(0), endedAt: at(9), journal: steps.flat() });
}
