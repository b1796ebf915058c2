import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, test } from 'vitest';
import { createLowdbCatalog } from '../../src/catalog/lowdb/lowdb-catalog.ts';
import { describeCatalog } from '../contracts/catalog.ts';
import { makeAuditEntry, makeBackup, makeId, makeOperation, makeRequest } from '../fakes/records.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'cml-catalog-'));

describeCatalog('the lowdb catalog', async () => {
  const folder = await newFolder();
  return {
    catalog: createLowdbCatalog({ folder }),
    reopen: async () => createLowdbCatalog({ folder }),
    dispose: () => rm(folder, { recursive: true }),
  };
});

describe('the lowdb catalog on a damaged folder', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  async function given() {
    const folder = await newFolder();
    folders.push(folder);
    return { folder, catalog: createLowdbCatalog({ folder }), reopen: () => createLowdbCatalog({ folder }) };
  }

  const bad: [string, (good: string) => string, RegExp][] = [
    ['torn', (good) => good.slice(0, good.length / 2), /torn/],
    ['empty', () => '', /empty/],
    ['foreign', () => '{"hello":"world"}', /not one of our records/],
    ['from a newer release', (good) => good.replace('"schema":1', '"schema":2'), /newer release \(schema 2\)/],
    ['half a record', () => '{"schema":1}', /not a whole record/],
  ];

  test.each(bad)('sets aside a backup that is %s, names it, and keeps the others', async (_, spoil, reason) => {
    const { folder, catalog, reopen } = await given();
    const [good, spoiled] = [makeBackup(), makeBackup()];
    await catalog.backups.save(good);
    await catalog.backups.save(spoiled);
    const path = join(folder, 'backups', `${spoiled.id}.json`);
    const text = spoil(await readFile(path, 'utf8'));
    await writeFile(path, text);

    const later = reopen();
    const { setAside } = await later.open();
    expect(setAside).toHaveLength(1);
    expect(setAside[0]?.reason).toMatch(reason);
    expect(setAside[0]?.file).toContain(join('set-aside', `${spoiled.id}.json.`));
    expect(await readFile(setAside[0]?.file ?? '', 'utf8')).toBe(text);
    expect(await later.backups.list()).toEqual([good]);
    expect(await later.backups.get(spoiled.id)).toBeUndefined();
  });

  test.each(bad)('recovers the other operations when an open one is %s, and names it', async (_, spoil, reason) => {
    const { folder, catalog, reopen } = await given();
    const [good, spoiled] = [makeOperation(), makeOperation()];
    await catalog.operations.save(good);
    await catalog.operations.save(spoiled);
    const path = join(folder, 'operations', 'open', `${spoiled.id}.json`);
    await writeFile(path, spoil(await readFile(path, 'utf8')));

    const later = reopen();
    expect(await later.operations.listOpen()).toEqual([good]);
    const { setAside } = await later.open();
    expect(setAside.map((one) => one.reason)).toEqual([expect.stringMatching(reason)]);
    expect(setAside[0]?.reason).toMatch(/cml start/);
  });

  test('still names an open operation that a life set aside which died before it could tell', async () => {
    const { folder, catalog, reopen } = await given();
    const spoiled = makeOperation();
    await catalog.operations.save(spoiled);
    await writeFile(join(folder, 'operations', 'open', `${spoiled.id}.json`), '{');
    await reopen().operations.listOpen();
    const { setAside } = await reopen().open();
    expect(setAside.map(({ file }) => file)).toEqual([expect.stringContaining(spoiled.id)]);
  });

  test('sets aside a copy of a record under another name, a stray file and a folder', async () => {
    const { folder, catalog, reopen } = await given();
    const [backup, other] = [makeBackup(), makeBackup()];
    await catalog.backups.save(backup);
    const room = join(folder, 'backups');
    await writeFile(join(room, `${other.id}.json`), await readFile(join(room, `${backup.id}.json`)));
    await writeFile(join(room, 'notes.txt'), 'mine');
    await mkdir(join(room, 'bkp_000000000x.json'));
    const later = reopen();
    const reasons = (await later.open()).setAside.map(({ reason }) => reason);
    expect(reasons).toHaveLength(3);
    expect(reasons.join('\n')).toMatch(/holds the record of/);
    expect(reasons.join('\n')).toMatch(/not one of our files/);
    expect(reasons.join('\n')).toMatch(/EISDIR/);
    expect(await later.backups.list()).toEqual([backup]);
  });

  test('never lets one file set aside take the place of another', async () => {
    const { folder, catalog } = await given();
    const now = new Date('2026-03-01T12:00:00Z');
    const frozen = createLowdbCatalog({ folder, clock: { now: () => now, sleep: async () => undefined } });
    await catalog.backups.save(makeBackup());
    for (const room of ['backups', 'requests']) {
      await mkdir(join(folder, room), { recursive: true });
      await writeFile(join(folder, room, 'notes.txt'), room);
    }
    const { setAside } = await frozen.open();
    expect(await Promise.all(setAside.map(({ file }) => readFile(file, 'utf8')))).toEqual(['backups', 'requests']);
  });

  test('removes what a crash left half-written and keeps the record as it was', async () => {
    const { folder, catalog, reopen } = await given();
    const [operation, backup] = [makeOperation(), makeBackup()];
    await catalog.operations.save(operation);
    await catalog.backups.save(backup);
    const leftovers = [`operations/open/${operation.id}.json.new`, `backups/${backup.id}.json.new`];
    for (const leftover of leftovers) await writeFile(join(folder, leftover), '{"schema":1,');
    const later = reopen();
    expect(await later.operations.listOpen()).toEqual([operation]);
    expect((await later.open()).setAside).toEqual([]);
    expect(await later.backups.list()).toEqual([backup]);
    expect(leftovers.filter((leftover) => existsSync(join(folder, leftover)))).toEqual([]);
  });

  test('closes an operation again when a crash left it in both places', async () => {
    const { folder, catalog, reopen } = await given();
    const operation = makeOperation({ status: 'succeeded' });
    await catalog.operations.save(operation);
    await mkdir(join(folder, 'operations', 'ended'));
    const [open, ended] = ['open', 'ended'].map((room) => join(folder, 'operations', room, `${operation.id}.json`));
    await writeFile(ended ?? '', await readFile(open ?? ''));
    const later = reopen();
    expect(await later.operations.listOpen()).toEqual([operation]);
    await later.operations.close(operation.id);
    expect(await later.operations.listOpen()).toEqual([]);
    expect(await later.operations.list()).toEqual([operation]);
  });

  test('reads open operations even when everything else is unreadable', async () => {
    const { folder, catalog, reopen } = await given();
    const operation = makeOperation();
    await catalog.operations.save(operation);
    for (const room of ['backups', 'requests', 'operations/ended', 'set-aside']) {
      await writeFile(join(folder, room), 'a file where a folder belongs');
    }
    await writeFile(join(folder, 'operations', 'open', 'stray'), '');
    expect(await reopen().operations.listOpen()).toEqual([operation]);
    await expect(reopen().open()).rejects.toMatchObject({ code: 'catalog-unavailable' });
  });

  test('holds retention off when marks cannot be read, because they may have said so', async () => {
    const { folder, catalog, reopen } = await given();
    await catalog.marks.change('team-ml', (now) => ({ ...now, leftCopies: [makeId('op')] }));
    await writeFile(join(folder, 'marks', 'team-ml.json'), '{"schema":1,');
    for (const later of [reopen(), reopen()]) {
      expect((await later.marks.get('team-ml')).retentionOff?.because).toMatch(/could not be read/);
      expect((await later.setAside()).map(({ file }) => file)).toEqual([expect.stringContaining('team-ml.json')]);
    }
  });

  test('goes on with the audit trail on a new line after a torn one', async () => {
    const { folder, catalog, reopen } = await given();
    const [before, after] = [makeAuditEntry({ did: 'restore asked' }), makeAuditEntry({ did: 'approved' })];
    await catalog.audit.append(before);
    await appendFile(join(folder, 'audit.jsonl'), '{"at":"2026-03-01T12:0');
    const later = reopen();
    expect(await later.audit.list(5)).toEqual([before]);
    await later.audit.append(after);
    expect(await later.audit.list(5)).toEqual([after, before]);
  });

  test('reads an audit trail longer than it reads at once', async () => {
    const { folder, catalog } = await given();
    const entries = Array.from({ length: 900 }, (_, count) => makeAuditEntry({ reason: `größer ${count}`.repeat(9) }));
    await writeFile(join(folder, 'audit.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    expect(await catalog.audit.list(1000)).toEqual(entries.toReversed());
    expect(await catalog.audit.list(7)).toEqual(entries.toReversed().slice(0, 7));
  });

  test('keeps records from the eyes of other people', async () => {
    const { folder, catalog } = await given();
    const request = makeRequest();
    await catalog.requests.save(request);
    await catalog.audit.append(makeAuditEntry());
    const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o777).toString(8);
    expect(await mode('requests')).toBe('700');
    expect(await mode(`requests/${request.id}.json`)).toBe('600');
    expect(await mode('audit.jsonl')).toBe('600');
  });

  test('refuses to write a record that it could not read again', async () => {
    const { folder, catalog } = await given();
    const backup = makeBackup({ bytes: Number.NaN });
    await expect(catalog.backups.save(backup)).rejects.toThrow(/bytes/);
    expect(existsSync(join(folder, 'backups', `${backup.id}.json`))).toBe(false);
  });
});

// A file system this small can only be made by root.
test.skipIf(process.getuid?.() !== 0)(
  'says that the disk is full, keeps what it had, and goes on when there is room',
  async () => {
    const folder = await newFolder();
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=1280k', 'tmpfs', folder]);
    try {
      const catalog = createLowdbCatalog({ folder });
      const operation = makeOperation();
      // It keeps 1 MiB for ends.
      await catalog.operations.save(operation);
      await writeFile(join(folder, 'ballast'), Buffer.alloc(100 * 1024));
      const longer = { ...operation, reason: 'x'.repeat(200 * 1024) };
      await expect(catalog.operations.save(longer)).rejects.toMatchObject({ code: 'disk-full', name: 'PortError' });
      expect(await catalog.operations.get(operation.id)).toEqual(operation);
      expect(await readdir(join(folder, 'operations', 'open'))).toEqual([`${operation.id}.json`]);
      await catalog.operations.save(longer, { toEnd: true });
      expect(await createLowdbCatalog({ folder }).operations.listOpen()).toEqual([longer]);
      const next = makeOperation();
      await expect(catalog.operations.save(next)).rejects.toMatchObject({ code: 'disk-full' });
      await execa('mount', ['-o', 'remount,size=4m', folder]);
      await catalog.operations.save(next);
      expect(await createLowdbCatalog({ folder }).operations.listOpen()).toHaveLength(2);
    } finally {
      await execa('umount', [folder]);
      await rm(folder, { recursive: true });
    }
  },
);
