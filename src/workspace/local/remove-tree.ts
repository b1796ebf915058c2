import { execa } from 'execa';
import { PortError } from '../../errors.ts';
import { removeSubvolumesInside } from './btrfs.ts';
import { inodeOf } from './file-facts.ts';
import { reservedPath } from './parts.ts';

/**
 * Removes one of our reserved folders, whole, in a program of its own: there may be millions of files. Never goes into
 * another file system. Refuses every other path: nothing else of a workspace is ever removed.
 */
export async function removeTree(path: string): Promise<void> {
  if (!reservedPath.test(path)) throw new Error(`${path} is not a folder of ours`);
  if ((await inodeOf(path)) === null) return;
  const first = await remove(path);
  if (first.exitCode === 0) return;
  // What services marked as immutable or append-only was displaced as it is, and not even root can unlink it.
  const isMarkable = ['(', '-type', 'f', '-o', '-type', 'd', ')'];
  await execa('find', [path, '-xdev', ...isMarkable, '-exec', 'chattr', '-f', '-i', '-a', '{}', '+'], {
    reject: false,
  });
  // Restored folders may be read-only; without root their owner must open them first.
  await execa('find', [path, '-xdev', '-type', 'd', '-exec', 'chmod', 'u+rwx', '{}', '+'], { reject: false });
  await removeSubvolumesInside(path);
  const second = await remove(path);
  if (second.exitCode === 0) return;
  throw new PortError('platform-unavailable', `${path} cannot be removed`, {
    cause: second,
    retryable: true,
    hint: `look at what is in it (lsattr, mounts), then remove it by hand: ${second.stderr.split('\n')[0] ?? ''}`,
  });
}

function remove(path: string) {
  return execa('rm', ['-rf', '--one-file-system', '--', path], { reject: false });
}
