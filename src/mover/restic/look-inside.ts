import { StringDecoder } from 'node:string_decoder';
import { PortError } from '../../errors.ts';
import type { CopyEntry, FolderPage, OpenedFile, ReadOptions } from '../mover.ts';
import { parseLine, toMoment, treeNode } from './output.ts';
import { type ResticContext, streamRestic } from './restic.ts';

type Node = ReturnType<typeof treeNode.parse>;

/** What restic calls them; all else is a device, a pipe or a socket. */
const TYPES: Readonly<Record<string, CopyEntry['type']>> = { file: 'file', dir: 'folder', symlink: 'link' };

export async function listFolder(
  context: ResticContext,
  copyId: string,
  path: string,
  { from, limit }: { readonly from: number; readonly limit: number },
  options: ReadOptions,
): Promise<FolderPage> {
  const entries: CopyEntry[] = [];
  let isThere = path === '/'; // which restic does not list
  let passed = 0;
  for await (const lines of listNodes(context, copyId, path, options)) {
    for (const line of lines) {
      if (!isThere) {
        const folder = readNode(line);
        if (folder.path !== path || folder.type !== 'dir') throw noFolder(copyId, path);
        isThere = true;
      } else if (passed < from) passed += 1;
      else if (entries.length < limit) entries.push(entryOf(readNode(line)));
      else return { entries, hasMore: true };
    }
  }
  if (isThere) return { entries, hasMore: false };
  throw noFolder(copyId, path);
}

function noFolder(copyId: string, path: string): PortError {
  return new PortError('part-missing', `${path} is no folder in the copy ${copyId}`);
}

/** Asks what it is first: of a folder restic would write an archive. */
export async function openFile(
  context: ResticContext,
  copyId: string,
  path: string,
  options: ReadOptions,
): Promise<OpenedFile> {
  const found = await findNode(context, copyId, path, options);
  if (found?.type !== 'file') throw new PortError('part-missing', `${path} is no file in the copy ${copyId}`);
  const { size: bytes = 0 } = found;
  return { bytes, read: () => whole(streamRestic(context, ['dump', copyId, path], options), path, bytes) };
}

/** The first that is listed for a path is what stands there itself. */
async function findNode(
  context: ResticContext,
  copyId: string,
  path: string,
  options: ReadOptions,
): Promise<Node | undefined> {
  for await (const [first] of listNodes(context, copyId, path, options)) {
    const node = first === undefined ? undefined : readNode(first);
    if (node) return node.path === path ? node : undefined;
  }
  return undefined;
}

async function* whole(pieces: AsyncIterable<Uint8Array>, path: string, bytes: number): AsyncIterable<Uint8Array> {
  let read = 0;
  for await (const piece of pieces) {
    read += piece.length;
    yield piece;
  }
  if (read === bytes) return;
  throw new PortError('mover-unavailable', `restic gave ${read} of the ${bytes} bytes of ${path}`);
}

/** In every line of restic about a file or folder, and in no name: quotes are escaped there. */
const IS_NODE = '"message_type":"node"';

/**
 * What stands at a path, then what stands directly in it, as restic wrote it and some at a time: of a million only those that
 * are wanted are worth being read. Not asked further than it is taken.
 */
async function* listNodes(
  context: ResticContext,
  copyId: string,
  path: string,
  options: ReadOptions,
): AsyncIterable<string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const piece of streamRestic(context, ['ls', '--json', copyId, path], options)) {
    const lines = (rest + decoder.write(Buffer.from(piece))).split('\n');
    rest = lines.pop() ?? '';
    yield lines.filter((line) => line.includes(IS_NODE));
  }
}

/** @throws PortError when restic writes otherwise than we know it. */
function readNode(line: string): Node {
  const read = treeNode.safeParse(parseLine(line));
  if (read.success) return read.data;
  throw new PortError('mover-unavailable', 'restic lists in a way that is not understood', { cause: read.error });
}

function entryOf({ path, type, size = 0, mtime }: Node): CopyEntry {
  const kind = TYPES[type] ?? 'other';
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    type: kind,
    bytes: kind === 'file' ? size : 0,
    ...(mtime === undefined ? {} : { changedAt: toMoment(mtime) }),
  };
}
