import { posix } from 'node:path';
import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Backup } from '../records/backup.ts';
import { type CopiedPart, hasCopy } from '../records/part.ts';

/** Something in a shared folder of a backup. */
export interface PathInBackup {
  readonly copyId: string;
  readonly pathInCopy: string;
  /** `projects/alice/notes.ipynb`: the part's name, then the path in it. */
  readonly path: string;
}

/** PATH_MAX of Linux. */
const LONGEST_BYTES = 4_096;

export const sharedFoldersOf = ({ parts }: Pick<Backup, 'parts'>): CopiedPart[] =>
  parts.filter(hasCopy).filter(({ kind }) => kind === 'shared-folder');

/**
 * What somebody may ask for by name: a shared folder, or what is in it. Volumes hold other people's data, and the definition
 * secrets: neither is told apart from what is not there any further than by its name, which every page shows.
 * @throws UserError `not-allowed` for a volume, `bad-input`, `unknown-file`.
 */
export function readPathInBackup(backup: Backup, said: string): PathInBackup {
  const segments = said.replace(/\/+$/, '').split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..') || said.includes('\0')) {
    throw new UserError('bad-input', 'That is not a plain path.', {
      hint: 'Begin with the name of a shared folder, and write it without ".", ".." and "//".',
    });
  }
  if (Buffer.byteLength(said) > LONGEST_BYTES) throw new UserError('bad-input', 'That path is too long.');
  const [name = '', ...within] = segments;
  const part = findShared(backup, name);
  const pathInCopy = posix.join(part.pathInCopy, ...within);
  const { copyId } = part;
  if (isOfVolume(backup, copyId, pathInCopy)) throw ofVolume(name);
  return { copyId, pathInCopy, path: segments.join('/') };
}

function findShared(backup: Backup, name: string): CopiedPart {
  const shared = sharedFoldersOf(backup);
  const part = shared.find((candidate) => candidate.name === name);
  if (part) return part;
  if (backup.parts.some((other) => other.name === name)) throw ofVolume(name);
  const names = shared.map((one) => one.name);
  const known = names.length > 0 ? `Shared folders: ${names.join(', ')}.` : 'It has no shared folder.';
  throw new UserError('unknown-file', `"${name}" is no shared folder of ${backup.id}.`, {
    hint: suggest(name, names, known),
  });
}

/** A volume may lie inside of a shared folder, and one copy may hold both. */
function isOfVolume({ parts }: Backup, copyId: string, path: string): boolean {
  return parts.some(
    (part) =>
      part.kind !== 'shared-folder' &&
      part.copyId === copyId &&
      (path === part.pathInCopy || path.startsWith(`${part.pathInCopy}/`)),
  );
}

function ofVolume(name: string): UserError {
  return new UserError('not-allowed', `Nobody looks into the volumes of a backup, as ${name} is or holds one.`, {
    hint: 'Volumes hold data of everybody. They are brought back by a restore, which somebody else approves.',
  });
}
