import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { type Backup, backup } from '../../records/backup.ts';
import { backupId } from '../../records/ids.ts';
import { workspaceName } from '../../records/workspace.ts';
import type { BackupFilter, Catalog } from '../catalog.ts';
import { createFolderIndex } from './folder-index.ts';
import { frozen } from './frozen.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

const entry = z.object({
  id: backupId,
  workspace: workspaceName,
  at: z.number(),
  status: backup.shape.status,
  name: z.string().optional(),
  /** Short marks of the copies it names, in one word: the ids themselves are long, and there are many. */
  copies: z.string(),
});
type BackupEntry = z.infer<typeof entry>;

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
  const index = createFolderIndex({ folder, indexFile, known: backup, entry, entryOf });

  const write = async (copy: Backup) => {
    await folder.write(copy);
    index.put(copy);
    return frozen(copy);
  };

  return {
    load: index.load,
    known: index.entries,
    get: async (id) => frozen(await folder.read(id)),
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
      return (await index.list(matcherOf(filter), filter.limit)).map(frozen);
    },
  };
}

function entryOf(record: Backup): BackupEntry {
  const { id, workspace, takenAt, status, name, manifestCopyId, parts } = record;
  const copies = new Set([manifestCopyId, ...parts.map(({ copyId }) => copyId)].map(markOf));
  return {
    ...{ id, workspace, at: Date.parse(takenAt), status, copies: [...copies].join(' ') },
    ...(name === undefined ? {} : { name }),
  };
}

/** Two copies may have the same: it only says which records are worth a look. */
function markOf(copyId: string): string {
  return crc32(copyId).toString(36);
}

function matcherOf({ workspace, status, copies }: BackupFilter): (entry: BackupEntry) => boolean {
  const statuses = status === undefined ? undefined : [status].flat();
  const wanted = copies && [...new Set(copies.map(markOf))];
  return (entry) =>
    (workspace === undefined || entry.workspace === workspace) &&
    (statuses === undefined || statuses.includes(entry.status)) &&
    (wanted === undefined || wanted.some((copy) => entry.copies.includes(copy)));
}
