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
  for await (const node of listNodes(context, copyId, path, options)) {
    if (node.path === path) {
      if (node.type !== 'dir') break;
      isThere = true;
      continue;
    }
    passed += 1;
    if (passed <= from) continue;
    if (entries.length === limit) return { entries, hasMore: true };
    entries.push(entryOf(node));
  }
  if (isThere) return { entries, hasMore: false };
  throw new PortError('part-missing', `${path} is no folder in the copy ${copyId}`);
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
async function findNode(context: ResticContext, copyId: string, path: string, options: ReadOptions) {
  for await (const node of listNodes(context, copyId, path, options)) return node.path === path ? node : undefined;
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

/** What stands at a path, then what stands directly in it. Not asked further than it is read. */
async function* listNodes(
  context: ResticContext,
  copyId: string,
  path: string,
  options: ReadOptions,
): AsyncIterable<Node> {
  for await (const line of linesOf(streamRestic(context, ['ls', '--json', copyId, path], options))) {
    const node = treeNode.safeParse(parseLine(line)).data;
    if (node) yield node;
  }
}

/** Not `node:readline`, which also breaks lines at characters that stand in names. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.write(Buffer.from(piece))).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
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
