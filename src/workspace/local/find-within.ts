import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { OperationError } from '../../errors.ts';
import { codeOf } from '../system-error.ts';
import { deviceOf, isFolder, RESERVED } from './file-facts.ts';
import { isWithin, mountPointsInside, ownMounts } from './mounts.ts';

interface Part {
  readonly name: string;
  /** Symbolic links followed. */
  readonly root: string;
}

/**
 * Where a path of a part really lies: the symbolic links of its folder followed, its own last name not. It need not be
 * there, its folder must. `within` was typed by people, so nothing is taken for granted.
 * @throws OperationError `preflight-failed` unless it can be renamed to and from `places` alone.
 */
export async function findWithin(part: Part, within: string, places: string): Promise<string> {
  const { name, root } = part;
  if (within.includes('\0') || within.split('/').some((step) => step === '' || step === '.' || step === '..')) {
    throw refused(`"${within}" is not a path within ${name}`, 'write it as it is called below the part: models/latest');
  }
  const asked = join(root, within);
  const folder = await resolved(dirname(asked));
  if (folder === undefined || !(await isFolder(folder))) {
    throw refused(`the folder that holds ${within} is not in ${name}`, 'bring the whole folder back instead');
  }
  const target = join(folder, basename(asked));
  if (!isWithin(folder, root)) {
    throw refused(`${within} leads out of ${name}, to ${target}`, 'name the path where it really lies');
  }
  if (relative(root, target).startsWith(RESERVED)) throw refused(`${within} is a folder of ours, not of ${name}`);
  await assertSameFileSystem(part, target, places);
  return target;
}

async function assertSameFileSystem({ name, root }: Part, target: string, places: string): Promise<void> {
  const points = mountPointsInside(root, await ownMounts());
  const point = points.find((one) => isWithin(target, one) || isWithin(one, target));
  if (point === undefined && (await deviceOf(dirname(target))) === (await deviceOf(places))) return;
  const where = point ?? dirname(target);
  throw refused(
    `${target} of ${name} cannot be swapped: ${where} is another file system`,
    'unmount it, or make it a part of its own',
  );
}

async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(codeOf(cause) ?? '')) return undefined;
    throw cause;
  }
}

function refused(message: string, hint?: string): OperationError {
  return new OperationError('preflight-failed', message, { hint });
}
