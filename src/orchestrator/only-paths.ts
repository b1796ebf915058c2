import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Backup } from '../records/backup.ts';
import { type CopiedPart, hasCopy } from '../records/part.ts';
import type { OnlyPath } from '../restore/restore-plan.ts';
import type { Room } from './room.ts';

interface Wanted {
  readonly said: string;
  readonly part: CopiedPart;
  readonly within: string | undefined;
}

/**
 * Finds the paths that people name in a backup and counts them in its copies.
 * @throws UserError `bad-input` for what is not in the backup.
 */
export async function readOnlyPaths(
  room: Room,
  backup: Backup,
  said: readonly string[],
  into: string | undefined,
): Promise<OnlyPath[]> {
  const livePaths = await pathsOfParts(room, into ?? backup.workspace);
  const wanted = withoutNested(said.map((path) => readPath(backup, livePaths, path)));
  const { mover } = room.world.portsFor(room.settingsOf(backup.workspace));
  const folder = await room.folderOf(room.world.newId('op'));
  const found: OnlyPath[] = [];
  try {
    for (const copyId of new Set(wanted.map(({ part }) => part.copyId))) {
      const here = wanted.filter(({ part }) => part.copyId === copyId);
      const counts = await mover.count(copyId, here.map(pathInCopy), { folder, key: 'count-paths' });
      for (const one of here)
        found.push(
          counted(
            backup,
            one,
            counts.find(({ path }) => path === pathInCopy(one)),
          ),
        );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

async function pathsOfParts(room: Room, workspace: string): Promise<Map<string, string>> {
  const { parts } = await room.world.portsFor(room.settingsOf(workspace)).platform.inspect();
  return new Map(parts.map(({ name, path }) => [name, path]));
}

/** `projects/alice/notes.ipynb`, or the same as it stands on the disk: `/srv/team-ml/projects/alice/notes.ipynb`. */
function readPath(backup: Backup, livePaths: ReadonlyMap<string, string>, said: string): Wanted {
  const asPart = said.startsWith('/') ? relativeTo(livePaths, said) : said;
  const [name = '', ...segments] = (asPart ?? '').replace(/\/+$/, '').split('/');
  const copied = backup.parts.filter(hasCopy);
  const part = copied.find((candidate) => candidate.name === name);
  if (!part) {
    const names = copied.map((candidate) => candidate.name);
    throw new UserError('bad-input', `"${said}" is in no part of ${backup.id}.`, {
      hint: suggest(name, names, `Begin with the name of a part: ${names.join(', ')}.`),
    });
  }
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new UserError('bad-input', `"${said}" is not a plain path.`, {
      hint: 'Write it without ".", ".." and "//".',
    });
  }
  return { said, part, within: segments.length === 0 ? undefined : segments.join('/') };
}

function relativeTo(livePaths: ReadonlyMap<string, string>, said: string): string | undefined {
  const under = [...livePaths].filter(([, path]) => said === path || said.startsWith(`${path}/`));
  const [name, path] = under.sort(([, one], [, other]) => other.length - one.length)[0] ?? [];
  return path === undefined ? undefined : `${name}${said.slice(path.length)}`;
}

/** What lies inside of another path that is asked for comes with it. */
function withoutNested(all: readonly Wanted[]): Wanted[] {
  const covers = (one: Wanted, other: Wanted) =>
    one.part === other.part &&
    one.within !== other.within &&
    (one.within === undefined || other.within?.startsWith(`${one.within}/`));
  const isTwice = (one: Wanted, index: number) =>
    all.findIndex(({ part, within }) => part === one.part && within === one.within) < index;
  return all.filter((one, index) => !isTwice(one, index) && !all.some((other) => covers(other, one)));
}

function pathInCopy({ part, within }: Wanted): string {
  return within === undefined ? part.pathInCopy : join(part.pathInCopy, within);
}

function counted(
  backup: Backup,
  { said, part, within }: Wanted,
  count: { isFolder: boolean; files: number; directories: number; bytes: number } | undefined,
): OnlyPath {
  if (!count || count.files < 0) {
    const parent = [part.name, ...(within?.split('/').slice(0, -1) ?? [])].join('/');
    throw new UserError('bad-input', `"${said}" is not in ${backup.id}.`, {
      hint: `Is it spelled as it was then? What cannot be typed (a name that is not UTF-8) comes with its folder: --only '${parent}'`,
    });
  }
  const { isFolder, files, directories, bytes } = count;
  const is = isFolder ? ('folder' as const) : ('file' as const);
  return { name: part.name, ...(within === undefined ? {} : { within }), is, files, directories, bytes };
}
