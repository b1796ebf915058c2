import type { Backup } from '../../src/records/backup.ts';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';
import type { Door } from './door.ts';

const ROOT = '/srv/team-ml';

/** What one copy holds: a volume, a shared folder, and a volume inside of that. */
export const FILES: Readonly<Record<string, string>> = {
  'db/secret': 'of everybody',
  'projects/alice/notes [1]\n.txt': 'hello',
  'projects/alice/<b>&"quoted"': '',
  'projects/large': 'x'.repeat(50_000),
  'projects/inner/secret': 'of everybody',
};

/** A completed backup on record, with the copy that it needs. */
export async function putBackupWithFiles(door: Door, changes: Partial<Backup> = {}): Promise<Backup> {
  const copyId = 'c'.repeat(64);
  const entries = Object.entries(FILES).map(([path, text]): [string, string] => [`${ROOT}/${path}`, text]);
  const copy = { id: copyId, takenAt: momentAfter(5), paths: [ROOT], tags: [], files: 5, bytes: 1, addedBytes: 1 };
  door.world.repository.copies.push({ ...copy, entries });
  const part = (name: string, kind: 'volume' | 'shared-folder', path: string) =>
    makePart({ name, kind, copyId, pathInCopy: `${ROOT}/${path}` });
  const parts = [
    part('db', 'volume', 'db'),
    part('projects', 'shared-folder', 'projects'),
    part('inner', 'volume', 'projects/inner'),
  ];
  const backup = makeBackup({ parts, ...changes });
  await door.catalog.backups.save(backup);
  return backup;
}
