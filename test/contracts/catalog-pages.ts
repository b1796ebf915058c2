import { expect, test } from 'vitest';
import { type BackupOrder, type BackupQuery, backupOrder } from '../../src/catalog/backup-query.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { Backup } from '../../src/records/backup.ts';
import { makeBackup, momentAfter } from '../fakes/records.ts';
import type { Given } from './catalog.ts';

async function idsOf(catalog: Catalog, query: Partial<BackupQuery>): Promise<string[]> {
  return (await catalog.backups.page({ limit: 100, ...query })).backups.map(({ id }) => id);
}

/** Every page after the other, with `between` done after each. */
async function allPages(
  catalog: Catalog,
  query: BackupQuery,
  between: (last: string | undefined) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await catalog.backups.page({ ...query, ...(after === undefined ? {} : { after }) });
    expect(page.backups.length).toBeLessThanOrEqual(query.limit);
    ids.push(...page.backups.map(({ id }) => id));
    if (page.next === undefined) return ids;
    after = page.next;
    await between(ids.at(-1));
  }
}

/** Backups of which many are the same in what they are sorted by. */
function someBackups(): Backup[] {
  return Array.from({ length: 23 }, (_, count) =>
    makeBackup({
      takenAt: momentAfter(10 + (count % 5)),
      workspace: count % 3 === 0 ? 'other' : 'team-ml',
      bytes: (count % 4) * 1_000,
      downtimeMs: (count * 7) % 11,
      ...(count % 2 === 0 ? { name: `backup ${count % 6}` } : {}),
    }),
  );
}

const sortedBy = (record: Backup, order: BackupOrder) =>
  order === 'by' ? record.by.name : order === 'takenAt' ? Date.parse(record.takenAt) : (record[order] ?? '');

export function describeBackupPages(given: Given): void {
  test('pages through backups in every order and back, each once, also in a new life', async () => {
    const { catalog, reopen } = await given();
    const all = someBackups();
    for (const backup of all) await catalog.backups.save(backup);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      for (const order of backupOrder.options) {
        const down = await allPages(look, { order, limit: 5 });
        const up = await allPages(look, { order, ascending: true, limit: 7 });
        expect([order, new Set(down).size]).toEqual([order, all.length]);
        expect(up).toEqual(down.toReversed());
        const values = down.map((id) => sortedBy(all.find((one) => one.id === id) as Backup, order));
        for (const [at, value] of values.slice(1).entries()) expect(value <= (values[at] ?? '')).toBe(true);
      }
    }
  });

  test('finds backups by what they are asked for', async () => {
    const { catalog, reopen } = await given();
    const first = makeBackup({ takenAt: momentAfter(1), name: 'Before (1.4)', status: 'incomplete' });
    const second = makeBackup({ takenAt: momentAfter(2), workspace: 'other', trigger: 'schedule' });
    const by = { name: 'zoe', proof: 'token' as const };
    const third = makeBackup({ takenAt: momentAfter(3), by, reason: 'release day' });
    for (const backup of [second, first, third]) await catalog.backups.save(backup);
    for (const look of [catalog, await reopen()]) {
      expect(await idsOf(look, {})).toEqual([third.id, second.id, first.id]);
      expect(await idsOf(look, { workspace: 'other' })).toEqual([second.id]);
      expect(await idsOf(look, { status: ['incomplete', 'deleted'] })).toEqual([first.id]);
      expect(await idsOf(look, { by: 'zoe' })).toEqual([third.id]);
      expect(await idsOf(look, { trigger: 'schedule' })).toEqual([second.id]);
      expect(await idsOf(look, { from: Date.parse(momentAfter(2)) })).toEqual([third.id, second.id]);
      expect(await idsOf(look, { before: Date.parse(momentAfter(2)) })).toEqual([first.id]);
      for (const text of ['before (', '1.4)', first.id.slice(-6)])
        expect(await idsOf(look, { text })).toEqual([first.id]);
      for (const text of ['RELEASE', 'Zoe']) expect(await idsOf(look, { text })).toEqual([third.id]);
      expect(await idsOf(look, { text: '.*' })).toEqual([]);
      expect(await idsOf(look, { text: 'team-ml', by: 'alice' })).toEqual([first.id]);
    }
  });

  test('goes on where it was, whatever comes and goes between two pages', async () => {
    const { catalog } = await given();
    const all = Array.from({ length: 9 }, (_, count) => makeBackup({ takenAt: momentAfter(count) })).toReversed();
    for (const backup of all) await catalog.backups.save(backup);
    let minutes = 100;
    const seen = await allPages(catalog, { status: 'completed', limit: 2 }, async (last) => {
      await catalog.backups.save(makeBackup({ takenAt: momentAfter(minutes++) }));
      // The last one seen, so that the place to go on from is one where nothing stands any more.
      const gone = all.find(({ id }) => id === last);
      if (gone) await catalog.backups.save({ ...gone, status: 'deleted', takenAt: momentAfter(500) });
    });
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  test('refuses a place that is none', async () => {
    const { catalog } = await given();
    await catalog.backups.save(makeBackup());
    expect((await catalog.backups.page({ limit: 1, order: 'bytes' })).next).toBeUndefined();
    for (const after of ['x', '', Buffer.from('["takenAt",1,"../x"]').toString('base64url'), 'W10']) {
      await expect(catalog.backups.page({ limit: 1, after })).rejects.toMatchObject({ code: 'bad-input' });
    }
  });
}
