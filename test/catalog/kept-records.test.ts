import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepRecords } from '../../src/catalog/lowdb/kept-records.ts';
import { createLowdbCatalog } from '../../src/catalog/lowdb/lowdb-catalog.ts';
import { makeBackup, makePart } from '../fakes/records.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-kept-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a record is answered again as it is, and anew once its file is another', async () => {
  const catalog = createLowdbCatalog({ folder });
  const backup = makeBackup();
  await catalog.backups.save(backup);
  const first = await catalog.backups.get(backup.id);
  expect(await catalog.backups.get(backup.id)).toBe(first);
  expect((await catalog.backups.list())[0]).toBe(first);
  await catalog.backups.change(backup.id, (now) => ({ ...now, reason: 'changed' }));
  expect((await catalog.backups.get(backup.id))?.reason).toBe('changed');
  await writeFile(join(folder, 'backups', `${backup.id}.json`), JSON.stringify({ ...backup, reason: 'by hand' }));
  expect((await catalog.backups.page({ limit: 1 })).backups[0]?.reason).toBe('by hand');
  await rm(join(folder, 'backups', `${backup.id}.json`));
  expect(await catalog.backups.get(backup.id)).toBeUndefined();
});

/** Files of so many bytes, which are read as often as this says. */
function reading(bytes: number) {
  const reads: string[] = [];
  const read = keepRecords<{ id: string }>({
    stampOf: (id) => `1 ${bytes} ${id} 3`,
    read: async (id) => {
      reads.push(id);
      return { id };
    },
  });
  return { read, reads };
}

test('those that were asked for last are kept, and no more than have room', async () => {
  const { read, reads } = reading(100_000);
  for (let at = 0; at < 11; at += 1) {
    await read(`bkp_${at}`);
    await read('bkp_0');
  }
  expect(reads.filter((id) => id === 'bkp_0')).toHaveLength(1);
  await read('bkp_1');
  expect(reads.filter((id) => id === 'bkp_1')).toHaveLength(2);
  const large = reading(500_000);
  await large.read('bkp_0');
  await large.read('bkp_0');
  expect(large.reads).toHaveLength(2);
});

test('one that is replaced while it is read is read again', async () => {
  let stamp = 0;
  let reads = 0;
  const read = keepRecords<{ id: string }>({
    stampOf: () => `1 10 ${stamp} 3`,
    read: async (id) => {
      reads += 1;
      if (reads === 1) stamp += 1;
      return { id };
    },
  });
  await read('bkp_0');
  await read('bkp_0');
  await read('bkp_0');
  expect(reads).toBe(2);
});

test('lists of a workspace keep their order while backups come, move and go', async () => {
  const catalog = createLowdbCatalog({ folder });
  const made = Array.from({ length: 30 }, (_, at) =>
    makeBackup({
      workspace: at % 3 === 0 ? 'team-ml' : 'other',
      bytes: (at * 11) % 30,
      parts: [makePart({ copyId: at.toString(16).padStart(64, '0') })],
    }),
  );
  const page = async (workspace: string) =>
    (await catalog.backups.page({ workspace, order: 'bytes', ascending: true, limit: 50 })).backups;
  for (const backup of made.slice(0, 10)) await catalog.backups.save(backup);
  expect(await page('team-ml')).toHaveLength(4); // from here on it is kept
  expect(await page('nobody')).toHaveLength(0);
  for (const backup of made.slice(10)) await catalog.backups.save(backup);
  const [first] = made;
  if (!first) throw new Error('nothing was made');
  await catalog.backups.save({ ...first, bytes: 99 });
  const ofIt = await page('team-ml');
  expect(ofIt.map(({ bytes }) => bytes)).toEqual(ofIt.map(({ bytes }) => bytes).toSorted((one, other) => one - other));
  expect([ofIt.length, ofIt.at(-1)?.id]).toEqual([10, first.id]);
  await catalog.backups.save({ ...first, workspace: 'other' });
  expect([(await page('team-ml')).length, (await page('other')).length]).toEqual([9, 21]);
});
