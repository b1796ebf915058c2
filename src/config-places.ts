import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { ConfigOutline } from './config-outline.ts';
import type { Problem } from './config-words.ts';
import type { ConfigPath } from './config-yaml.ts';
import { localFolderOf } from './mover/restic/settings.ts';

interface Place {
  readonly kind: 'data' | 'part' | 'repository' | 'password';
  readonly name: string;
  readonly path: ConfigPath;
  readonly written: string;
}

interface ResolvedPlace extends Place {
  /** Where it really is: absolute, without `..` and symbolic links as far as it exists. */
  readonly real: string;
}

/** A restore swaps a part's folder: what else stands in it would be swapped too, or copied into itself. */
export async function checkPlaces(config: ConfigOutline, base: string): Promise<Problem[]> {
  const places = placesOf(config).filter(({ written }) => written !== '');
  const resolved = await Promise.all(
    places.map(async (place) => ({ ...place, real: await realPlace(resolve(base, place.written)) })),
  );
  const links = await Promise.all(resolved.filter(({ kind }) => kind === 'part').map((part) => checkLink(part, base)));
  const overlaps = resolved.flatMap((later, index) =>
    resolved.slice(0, index).flatMap((earlier) => checkOverlap(earlier, later)),
  );
  return [...places.flatMap(checkHome), ...links.flat(), ...overlaps];
}

function placesOf(config: ConfigOutline): Place[] {
  const ofWorkspaces = Object.entries(config.workspaces).flatMap(([workspace, { platform, repository }]): Place[] => {
    const at = ['workspaces', workspace];
    const parts = (['volumes', 'sharedFolders'] as const).flatMap((key) =>
      platform[key].map(({ name, path }, index): Place => {
        const whose = `part "${name}" of ${workspace}`;
        return { kind: 'part', name: whose, path: [...at, 'platform', key, index, 'path'], written: path };
      }),
    );
    return [
      ...parts,
      {
        kind: 'repository',
        name: `the repository of ${workspace}`,
        path: [...at, 'repository', 'location'],
        written: localFolderOf(repository.location) ?? '',
      },
      {
        kind: 'password',
        name: `the password of ${workspace}`,
        path: [...at, 'repository', 'passwordFile'],
        written: repository.passwordFile ?? '',
      },
    ];
  });
  return [{ kind: 'data', name: 'the data folder', path: ['data'], written: config.data }, ...ofWorkspaces];
}

function checkHome({ path, written }: Place): Problem[] {
  const text = 'a path may not begin with ~: write the whole path, or one relative to this file';
  return written.startsWith('~') ? [{ path, text }] : [];
}

async function checkLink({ path, written, real }: ResolvedPlace, base: string): Promise<Problem[]> {
  const isLink = await lstat(resolve(base, written)).then(
    (found) => found.isSymbolicLink(),
    () => false, // not there, or not to be seen: the preflight says so where it matters
  );
  return isLink ? [{ path, text: `is a symbolic link, which cannot be swapped: write where it leads, ${real}` }] : [];
}

function checkOverlap(earlier: ResolvedPlace, later: ResolvedPlace): Problem[] {
  const [inner, outer] = holds(earlier.real, later.real) ? [later, earlier] : [earlier, later];
  const isPart = (place: ResolvedPlace) => place.kind === 'part';
  // Only what holds a part, or stands in one, is in danger; and a password is a file, it holds nothing.
  if (!holds(outer.real, inner.real) || !(isPart(inner) || isPart(outer)) || outer.kind === 'password') return [];
  const where = inner.real === outer.real ? `both are ${inner.real}` : `${inner.real} is inside ${outer.real}`;
  return [{ path: later.path, text: `${earlier.name} and ${later.name} overlap: ${where}` }];
}

function holds(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // What does not exist yet will be made inside the real folder above it.
    const above = dirname(path);
    return above === path ? path : join(await realPlace(above), basename(path));
  }
}
