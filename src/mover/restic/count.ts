import type { MoveOptions, PathCount } from '../mover.ts';
import { treeNode } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

/**
 * Linux takes paths of 4,095 bytes (PATH_MAX with its end). Beside the live data a file's path is longer by the name of
 * its part and our own folder's: 300 bytes at most.
 */
const LONGEST_BYTES = 3_795;

/** Counts while the list is being read, line by line: it has one line for every file. */
export async function count(
  context: ResticContext,
  copyId: string,
  paths: readonly string[],
  options: MoveOptions,
): Promise<PathCount[]> {
  const counts = paths.map((path) => ({
    path,
    isFolder: true,
    files: -1,
    directories: 0,
    bytes: 0,
    tooDeep: [] as string[],
    change: { path, atMs: -Infinity },
  }));
  await callRestic(context, {
    args: ['ls', '--json', copyId],
    options,
    onMessage: (message) => {
      const node = treeNode.safeParse(message).data;
      if (!node) return;
      for (const counted of counts) {
        const isRoot = node.path === counted.path;
        if (!isRoot && !node.path.startsWith(counted.path === '/' ? '/' : `${counted.path}/`)) continue;
        counted.files = Math.max(0, counted.files);
        if (isRoot) counted.isFolder = node.type === 'dir';
        if (node.type !== 'dir') counted.files += 1;
        else if (!isRoot) counted.directories += 1;
        counted.bytes += node.size ?? 0;
        const above = counted.tooDeep.at(-1);
        const isLong = Buffer.byteLength(node.path) > LONGEST_BYTES;
        if (isLong && (above === undefined || !node.path.startsWith(`${above}/`))) counted.tooDeep.push(node.path);
        const atMs = Date.parse(node.ctime ?? '');
        if (atMs > counted.change.atMs) counted.change = { path: node.path, atMs };
      }
    },
  });
  return counts.map(({ change, tooDeep, ...counted }) => ({
    ...counted,
    ...(tooDeep.length > 0 ? { tooDeep } : {}),
    ...(change.atMs > -Infinity ? { lastChange: { path: change.path, at: new Date(change.atMs).toISOString() } } : {}),
  }));
}
