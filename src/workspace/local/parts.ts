import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperationError } from '../../errors.ts';
import { codeOf } from '../system-error.ts';
import { isSubvolume } from './btrfs.ts';
import { childNames, isFolder } from './file-facts.ts';
import { findWithin } from './find-within.ts';
import { isMountPoint, mountPointsInside, ownMounts } from './mounts.ts';
import type { LocalSettings, PartSettings } from './settings.ts';

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

/** `.partial`: where the mover restores before it moves the whole into a staged place. */
export const reservedPath = /\/\.cml-op_[0-9a-z]{10}-(stage|displaced|scratch)(-[^/]+)?(\.partial)?$/;

type NamedPart = Pick<ConfiguredPart, 'name' | 'path'>;

/** Where a part, or a path of it, lives and where its restored and displaced data stand, on the same file system. */
export interface PartPlaces {
  /** Symbolic links followed. */
  readonly root: string;
  /**
   * A mount point cannot be renamed, and a btrfs subvolume has to stay one: there the children are moved, and our folders
   * lie inside it.
   */
  readonly way: 'whole' | 'children' | 'path';
  readonly stage: string;
  readonly displaced: string;
}

export async function placesOfPart(part: NamedPart, operationId: string): Promise<PartPlaces> {
  const root = await followLinks(part.path);
  if ((await isMounted(root)) || (await isSubvolume(root))) {
    const ours = (what: string) => join(root, `.cml-${operationId}-${what}`);
    return { root, way: 'children', stage: ours('stage'), displaced: ours('displaced') };
  }
  const ours = (what: string) => join(dirname(root), `.cml-${operationId}-${what}-${part.name}`);
  return { root, way: 'whole', stage: ours('stage'), displaced: ours('displaced') };
}

/** The same for the `index`th of an operation's paths. No part's name holds a tilde, so no two places share a name. */
export async function placesOfPath(
  part: NamedPart,
  within: string,
  operationId: string,
  index: number,
): Promise<PartPlaces> {
  const root = await followLinks(part.path);
  const folder = await folderOfPlaces(root);
  const ours = (what: string) => join(folder, `.cml-${operationId}-${what}-${part.name}~${index}`);
  const target = await findWithin({ name: part.name, root }, within, folder);
  return { root: target, way: 'path', stage: ours('stage'), displaced: ours('displaced') };
}

/** Beside the root; inside it where a rename could not cross: at a mount point or the root of a subvolume. */
async function folderOfPlaces(root: string): Promise<string> {
  const beside = dirname(root);
  const isApart = (await isMounted(root)) || (await isSubvolume(root));
  return isApart ? root : beside;
}

/** Everything that an operation staged for a part, found by name: nobody needs to remember what was wished. */
export async function stagedPlaces(part: NamedPart, operationId: string): Promise<string[]> {
  const root = await followLinks(part.path);
  const folders = new Set([dirname(root), ...((await isFolder(root)) ? [await folderOfPlaces(root)] : [])]);
  const places: string[] = [];
  for (const folder of folders) {
    const names = (await childNames(folder)).filter((name) => name.startsWith(`.cml-${operationId}-stage`));
    places.push(...names.map((name) => join(folder, name)));
  }
  return places;
}

/** Whether a file system is mounted there; symbolic links must have been followed. */
export async function isMounted(root: string): Promise<boolean> {
  return isMountPoint(root, await ownMounts());
}

/** Where file systems are mounted inside a part: it cannot be swapped, since moving it would move them too. */
export async function mountedInside(part: { path: string }): Promise<string[]> {
  return mountPointsInside(await followLinks(part.path), await ownMounts());
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

/** @throws OperationError `preflight-failed` naming the mount point. */
export async function assertNothingMountedInside(part: {
  readonly name: string;
  readonly path: string;
}): Promise<void> {
  const [point] = await mountedInside(part);
  if (point === undefined) return;
  throw new OperationError('preflight-failed', `a file system is mounted inside ${part.name}: ${point}`, {
    hint: 'moving the part would carry it off: unmount it, or mount it elsewhere and make it a part of its own',
  });
}
