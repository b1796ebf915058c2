import { isAppError, PortError, UserError } from '../errors.ts';
import type { CopyEntry, DataMover } from '../mover/mover.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import { findBackup } from './find.ts';
import { readPathInBackup, sharedFoldersOf } from './path-in-backup.ts';
import type { Readers } from './readers.ts';
import type { Room } from './room.ts';

/** What looking into backups works with. */
export interface ReadingRoom {
  readonly room: Room;
  readonly readers: Readers;
}

export interface FolderWish {
  readonly backup: string;
  /** `projects/alice`; absent: the shared folders themselves. */
  readonly path?: string | undefined;
  /** The number of the first entry, from 0. */
  readonly from?: number | undefined;
  readonly limit?: number | undefined;
}

export interface BackupFolder {
  readonly backup: Backup;
  /** Empty for the list of shared folders. */
  readonly path: string;
  readonly entries: readonly CopyEntry[];
  readonly from: number;
  /** The number of the first entry that is not here; absent when these are the last. */
  readonly next?: number;
}

const USUAL = 200;
const MOST = 1_000;

export async function browseBackup(
  { room, readers }: ReadingRoom,
  person: Person,
  { backup: wanted, path: said = '', from = 0, limit = USUAL }: FolderWish,
  leave?: AbortSignal,
): Promise<BackupFolder> {
  const { backup, mover } = await openBackup(room, person, wanted);
  if (said.replace(/\/+$/, '') === '') {
    await noteLook(room, person, backup, '');
    const entries = sharedFoldersOf(backup).map(asEntry);
    return { backup, path: '', entries, from: 0 };
  }
  const { copyId, pathInCopy, path } = readPathInBackup(backup, said);
  const page = { from, limit: Math.max(1, Math.min(limit, MOST)) };
  const reading = readers.begin(leave);
  try {
    if (from === 0) await noteLook(room, person, backup, path);
    const { signal } = reading;
    const listed = await mover.listFolder(copyId, pathInCopy, page, { signal }).catch((error: unknown) => {
      throw notThere(error, backup, path);
    });
    const entries = listed.entries.filter(({ name }) => isShown(backup, `${path}/${name}`));
    return { backup, path, entries, from, ...(listed.hasMore ? { next: from + listed.entries.length } : {}) };
  } finally {
    reading.end();
  }
}

/**
 * A backup that this person may look into, and what reads it.
 * @throws UserError `unknown-backup`, `not-allowed`, `too-late`, `workspace-busy`.
 */
export async function openBackup(
  room: Room,
  person: Person,
  wanted: string,
): Promise<{ readonly backup: Backup; readonly mover: DataMover }> {
  const backup = await findBackup(room, wanted);
  const { id, workspace, status } = backup;
  const settings = room.settingsOf(workspace);
  const { files } = settings.policy;
  if (!files.includes(person.name)) {
    throw new UserError('not-allowed', `${person.name} may not look into the backups of ${workspace}.`, {
      hint:
        files.length > 0
          ? `Who may: ${files.join(', ')}.`
          : `Name who may as policy.files of ${workspace} in cml.yaml.`,
    });
  }
  if (status === 'deleting' || status === 'deleted') {
    throw new UserError('too-late', `${id} is ${status}.`, { hint: `See what is left: cml list ${workspace}` });
  }
  const running = room.runningIn(workspace)?.operation();
  if (running?.kind === 'prune') {
    throw new UserError('workspace-busy', `The repository of ${workspace} is being pruned by ${running.id}.`, {
      hint: `Look into it when that has ended: cml status ${running.id}`,
    });
  }
  return { backup, mover: room.world.portsFor(settings).mover };
}

/** What is not in the copy is for who asked; all else is the repository's. */
export function notThere(error: unknown, backup: Backup, path: string): unknown {
  if (!isAppError(error) || !(error instanceof PortError) || error.code !== 'part-missing') return error;
  const above = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  return new UserError('unknown-file', `"${path}" is not in ${backup.id}, or is not of that kind.`, {
    cause: error,
    hint: `See what is there: cml files ${backup.id} ${above === '' ? '' : `'${above}'`}`.trimEnd(),
  });
}

/** A name that is none (it cannot be said) is still shown; a volume inside of a shared folder is not. */
function isShown(backup: Backup, path: string): boolean {
  try {
    readPathInBackup(backup, path);
    return true;
  } catch (error) {
    if (error instanceof UserError) return error.code !== 'not-allowed';
    throw error;
  }
}

function asEntry({ name, bytes, takenAt }: Backup['parts'][number]): CopyEntry {
  return { name, type: 'folder', bytes, changedAt: takenAt };
}

async function noteLook({ world }: Room, person: Person, { id, workspace }: Backup, path: string): Promise<void> {
  const at = world.clock.now().toISOString();
  await world.catalog.audit.append({ at, by: person, did: 'looked into', workspace, subject: id, file: { path } });
}
