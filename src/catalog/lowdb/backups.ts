import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { type Backup, backup } from '../../records/backup.ts';
import { backupId } from '../../records/ids.ts';
import type { Catalog } from '../catalog.ts';
import { createFolderIndex } from './folder-index.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** Records answered are frozen: they are the index's own. */
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
  const index = createFolderIndex(folder, backup, (record) => record.takenAt);

  const get = async (id: string) => index.get(id) ?? index.refresh(id);
  const write = async (copy: Backup) => {
    await folder.write(copy);
    return index.put(copy);
  };

  return {
    load: index.load,
    get,
    async save(record) {
      const copy = folder.copyOf(record);
      await folder.oneAtATime(copy.id, () => write(copy));
    },
    async change(id, decide) {
      await get(id);
      return folder.oneAtATime(id, async () => {
        const now = index.get(id);
        if (!now) throw new UserError('unknown-backup', `There is no backup "${id}".`);
        const next = decide(now);
        return next === undefined ? now : write(folder.copyOf(next));
      });
    },
    list: ({ workspace, limit } = {}) =>
      index.list((record) => workspace === undefined || record.workspace === workspace, limit),
  };
}
