import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { type Backup, backup } from '../../records/backup.ts';
import { backupId } from '../../records/ids.ts';
import { readCursor, writeCursor } from '../backup-query.ts';
import type { Catalog } from '../catalog.ts';
import { backupEntry, comparerOf, entryOf, matcherOf, placeOf, queryMatcherOf } from './backup-entry.ts';
import { createFolderIndex } from './folder-index.ts';
import { frozen } from './frozen.ts';
import { keepRecords } from './kept-records.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** Records answered are frozen. */
export function createBackups(
  dataFolder: string,
  setAside: SetAsideFolder,
): Catalog['backups'] & { load(): Promise<void> } {
  const folder = createRecordFolder<Backup>({
    folder: join(dataFolder, 'backups'),
    schema: backup,
    idSchema: backupId,
    setAside,
    whenLost: 'its copies still stand in the repository, with a manifest beside them',
  });
  const indexFile = join(dataFolder, 'index', 'backups.jsonl');
  const read = keepRecords(folder);
  const index = createFolderIndex({
    folder: { ...folder, read },
    indexFile,
    known: backup,
    entry: backupEntry,
    entryOf,
  });

  const write = async (copy: Backup) => {
    await folder.write(copy);
    index.put(copy);
    return frozen(copy);
  };

  return {
    load: index.load,
    known: (workspace) => index.entries(workspace),
    get: read,
    async save(record) {
      const copy = folder.copyOf(record);
      await folder.oneAtATime(copy.id, () => write(copy));
    },
    async change(id, decide) {
      return folder.oneAtATime(id, async () => {
        const now = frozen(await folder.readInTurn(id));
        if (!now) throw new UserError('unknown-backup', `There is no backup "${id}".`);
        const next = decide(now);
        return next === undefined ? now : write(folder.copyOf(next));
      });
    },
    async list(filter = {}) {
      return index.list({ ...filter, matches: matcherOf(filter) });
    },
    async page(query) {
      const { order = 'takenAt', ascending = false, after, limit } = query;
      const { found, last } = await index.page({
        asked: JSON.stringify(query),
        workspace: query.workspace,
        order: { name: order, compare: comparerOf(order) },
        isBackwards: ascending,
        ...(after === undefined ? {} : { after: readCursor(order, after) }),
        placeOf: (entry) => placeOf(order, entry),
        matches: queryMatcherOf(query),
        limit,
      });
      return { backups: found, ...(last ? { next: writeCursor(order, placeOf(order, last)) } : {}) };
    },
  };
}
