import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperationError } from '../../errors.ts';
import { isSubvolume } from './btrfs.ts';
import { isMountPoint, type Mount, mountPointsInside, parseMounts } from './mounts.ts';
import type { LocalSettings, PartSettings } from './settings.ts';
import { codeOf } from './system-error.ts';

export interface ConfiguredPart extends PartSettings {
  readonly kind: 'volume' | 'shared-folder';
  readonly location: 'internal' | 'external';
}

export function configuredParts(settings: LocalSettings): ConfiguredPart[] {
  return [
    ...settings.volumes.map((part) => ({ ...part, kind: 'volume' as const, location: 'internal' as const })),
    ...settings.sharedFolders.map((part) => ({ ...part, kind: 'shared-folder' as const })),
  ];
}

/** @throws OperationError `part-missing` when no part is configured under that name. */
export function configuredPart(settings: LocalSettings, name: string): ConfiguredPart {
  const part = configuredParts(settings).find((one) => one.name === name);
  if (part) return part;
  throw new OperationError('part-missing', `no volume or shared folder is named ${name}`, {
    hint: 'put it back into cml.yaml, or leave it out of what is restored',
  });
}

/** Names beginning so beside or inside a part are ours; a capture leaves them out. */
export const RESERVED = '.cml-op_';

/** `.partial`: where the mover restores before it moves the whole into a staged place. */
export const reservedPath = /\/\.cml-op_[0-9a-z]{10}-(stage|displaced|scratch)(-[^/]+)?(\.partial)?$/;

/** Where a part lives and where its restored and displaced data stand, on the same file system. */
export interface PartPlaces {
  /** Symbolic links followed. */
  readonly root: string;
  /**
   * A mount point cannot be renamed, and a btrfs subvolume has to stay one: there the children are moved, and our folders
   * lie inside it.
   */
  readonly way: 'whole' | 'children';
  readonly stage: string;
  readonly displaced: string;
}

export async function placesOfPart(part: { name: string; path: string }, operationId: string): Promise<PartPlaces> {
  const root = await followLinks(part.path);
  if ((await isMounted(root)) || (await isSubvolume(root))) {
    const ours = (what: string) => join(root, `.cml-${operationId}-${what}`);
    return { root, way: 'children', stage: ours('stage'), displaced: ours('displaced') };
  }
  const ours = (what: string) => join(dirname(root), `.cml-${operationId}-${what}-${part.name}`);
  return { root, way: 'whole', stage: ours('stage'), displaced: ours('displaced') };
}

/** Whether a file system is mounted there; symbolic links must have been followed. */
export async function isMounted(root: string): Promise<boolean> {
  return isMountPoint(root, await ownMounts());
}

/** Where file systems are mounted inside a part: it cannot be swapped, since moving it would move them too. */
export async function mountedInside(part: { path: string }): Promise<string[]> {
  return mountPointsInside(await followLinks(part.path), await ownMounts());
}

async function ownMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Also for a part that is missing: then only the folder that should hold it is there. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    return join(await realpath(dirname(path)), basename(path));
  }
}
