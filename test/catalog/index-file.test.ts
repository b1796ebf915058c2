import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createLowdbCatalog } from '../../src/catalog/lowdb/lowdb-catalog.ts';
import type { Backup } from '../../src/records/backup.ts';
import { makeBackup, makeOperation, momentAfter } from '../fakes/records.ts';

describe('the index of the lowdb catalog', () => {
  let folder: string;
  let backups: Backup[];
  const indexFile = () => join(folder, 'index', 'backups.jsonl');
  const open = async (): Promise<Catalog> => {
    const catalog = createLowdbCatalog({ folder });
    await catalog.open();
    return catalog;
  };
  const idsIn = async (catalog: Catalog) => (await catalog.backups.known()).map(({ id }) => id);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cml-index-'));
    backups = [3, 2, 1].map((minute) => makeBackup({ takenAt: momentAfter(minute) }));
    const catalog = await open();
    for (const backup of backups) await catalog.backups.save(backup);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each<[string, () => Promise<unknown>]>([
    ['is missing', () => rm(indexFile())],
    ['is torn', () => truncate(indexFile(), 200)],
    ['is not ours', () => writeFile(indexFile(), 'hello\n{}\n[2,"x",{}]\n')],
    ['ends in half a line', () => appendFile(indexFile(), '[2,"12')],
    ['is a folder', () => rm(indexFile()).then(() => mkdir(indexFile()))],
  ])('is made again from the records when it %s', async (_, spoil) => {
    await spoil();
    for (const catalog of [await open(), await open()]) {
      expect(await catalog.backups.list()).toEqual(backups);
      expect(await idsIn(catalog)).toEqual(backups.map(({ id }) => id));
    }
  });

  test('is not believed about a record that was changed, added or taken away behind its back', async () => {
    const [changed, gone, same] = backups as [Backup, Backup, Backup];
    const place = (id: string) => join(folder, 'backups', `${id}.json`);
    await writeFile(place(changed.id), JSON.stringify({ ...changed, status: 'deleted' }));
    await rm(place(gone.id));
    const added = makeBackup({ takenAt: momentAfter(0) });
    await writeFile(place(added.id), JSON.stringify(added));
    const catalog = await open();
    expect(await idsIn(catalog)).toEqual([changed.id, same.id, added.id]);
    expect((await catalog.backups.list({ status: 'completed' })).map(({ id }) => id)).toEqual([same.id, added.id]);
  });

  test('answers what stands in a record, whatever the index says of it', async () => {
    const catalog = await open();
    const [changed, gone] = backups as [Backup, Backup, Backup];
    await writeFile(join(folder, 'backups', `${changed.id}.json`), JSON.stringify({ ...changed, status: 'deleting' }));
    await rm(join(folder, 'backups', `${gone.id}.json`));
    expect(await catalog.backups.list({ status: 'completed' })).toEqual([backups[2]]);
    expect((await catalog.backups.get(changed.id))?.status).toBe('deleting');
  });

  test('spares the next start all records that it knows', async () => {
    const [known] = backups as [Backup, Backup, Backup];
    const path = join(folder, 'backups', `${known.id}.json`);
    const lines = (await readFile(indexFile(), 'utf8')).trim().split('\n');
    // A wrong word in a line whose record looks the same shows that the record was not read.
    await writeFile(indexFile(), `${lines.map((line) => line.replace('"completed"', '"incomplete"')).join('\n')}\n`);
    expect((await (await open()).backups.known()).map(({ status }) => status)).toEqual(Array(3).fill('incomplete'));
    await utimes(path, new Date(), new Date());
    expect((await (await open()).backups.known()).map(({ status }) => status)[0]).toBe('completed');
  });

  test('has every record of a folder that takes many looks', async () => {
    const many = Array.from({ length: 2_050 }, (_, index) => makeBackup({ takenAt: momentAfter(10 + index) }));
    for (const backup of many) await writeFile(join(folder, 'backups', `${backup.id}.json`), JSON.stringify(backup));
    const newestFirst = [...many.toReversed(), ...backups].map(({ id }) => id);
    expect(await idsIn(await open())).toEqual(newestFirst);
    expect((await readFile(indexFile(), 'utf8')).trim().split('\n')).toHaveLength(newestFirst.length);
    expect(await idsIn(await open())).toEqual(newestFirst);
  });

  test('is written anew when it has grown long with lines that no longer count', async () => {
    const [backup] = backups as [Backup, Backup, Backup];
    const line = (await readFile(indexFile(), 'utf8')).split('\n')[0];
    await appendFile(indexFile(), `${line}\n`.repeat(1_100));
    const catalog = await open();
    expect((await readFile(indexFile(), 'utf8')).trim().split('\n')).toHaveLength(3);
    expect((await catalog.backups.list())[0]).toEqual(backup);
    expect(await readdir(join(folder, 'index'))).not.toContain('backups.jsonl.new');
  });

  test('keeps a list of operations while they are closed during the start', async () => {
    const operations = [1, 2, 3].map((minute) =>
      makeOperation({ startedAt: momentAfter(minute), status: 'succeeded' }),
    );
    const before = await open();
    for (const operation of operations) await before.operations.save(operation);
    const catalog = createLowdbCatalog({ folder });
    const opening = catalog.open();
    await Promise.all(operations.map(({ id }) => catalog.operations.close(id)));
    await opening;
    const newestFirst = operations.map(({ id }) => id).toReversed();
    expect((await catalog.operations.known()).map(({ id }) => id)).toEqual(newestFirst);
    expect((await (await open()).operations.list()).map(({ id }) => id)).toEqual(newestFirst);
  });
});
