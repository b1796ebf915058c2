import { join } from 'node:path';
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

  return {
    load: index.load,
    async save(record) {
      const copy = folder.copyOf(record);
      await folder.oneAtATime(copy.id, async () => {
        await folder.write(copy);
        index.put(copy);
      });
    },
    get: async (id) => index.get(id) ?? index.refresh(id),
    list: ({ workspace, limit } = {}) =>
      index.list((record) => workspace === undefined || record.workspace === workspace, limit),
  };
}
