import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises';

/**
 * The judge of "identical". It shares no code with the product and no library, so that a fault in one cannot hide a
 * fault in the other. Names are bytes: what is not valid UTF-8 is written `\xNN`, a backslash `\\`.
 */
export interface Tree {
  readonly schema: 1;
  /** Extended attributes need `getfattr` (Debian package `attr`); a tree taken without it says so. */
  readonly attributes: 'read' | 'not read';
  /** By path relative to the root; the root itself is `.`. */
  readonly entries: Readonly<Record<string, Entry>>;
}

export interface Entry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
  /** Octal, with set-uid, set-gid and sticky. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970. */
  readonly mtime: string;
  readonly bytes?: number;
  /** What a regular file takes on the disk, in bytes; less than its size when it has holes. */
  readonly allocated?: number;
  readonly sha256?: string;
  readonly target?: string;
  readonly device?: string;
  /** The first path, in order, of the group of paths that share this inode; absent when it is alone in the tree. */
  readonly linkedWith?: string;
  /** Values in hexadecimal. */
  readonly attributes?: Readonly<Record<string, string>>;
}

type Draft = { -readonly [key in keyof Entry]: Entry[key] };

interface Walk {
  readonly entries: Map<string, Draft>;
  readonly inodes: Map<string, string[]>;
}

export async function walk(root: string): Promise<Tree> {
  const found: Walk = { entries: new Map(), inodes: new Map() };
  await visit(Buffer.from(root), Buffer.from('.'), found);
  for (const group of found.inodes.values()) {
    const first = group.toSorted()[0];
    if (group.length < 2 || first === undefined) continue;
    for (const path of group) draftAt(found, path).linkedWith = first;
  }
  const attributes = await readAttributes(root);
  for (const [path, values] of attributes ?? []) draftAt(found, path).attributes = values;
  const sorted = [...found.entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { schema: 1, attributes: attributes ? 'read' : 'not read', entries: Object.fromEntries(sorted) };
}

/** One sentence for each difference; none means identical. */
export function compare(before: Tree, after: Tree): string[] {
  const differences: string[] = [];
  const withAttributes = before.attributes === 'read' && after.attributes === 'read';
  if (before.attributes !== after.attributes) {
    differences.push('extended attributes were read in one tree only: they cannot be compared');
  }
  const beforeEntries = new Map(Object.entries(before.entries));
  const afterEntries = new Map(Object.entries(after.entries));
  for (const [path, entry] of beforeEntries) {
    const other = afterEntries.get(path);
    if (!other) differences.push(`${path}: the ${entry.type} is missing`);
    else differences.push(...compareEntries(path, entry, other, withAttributes));
  }
  for (const [path, entry] of afterEntries) {
    if (!beforeEntries.has(path)) differences.push(`${path}: the ${entry.type} was not there before`);
  }
  return differences;
}

export async function saveTree(tree: Tree, file: string): Promise<void> {
  await writeFile(file, JSON.stringify(tree, null, 1));
}

export async function readTree(file: string): Promise<Tree> {
  const tree = JSON.parse(await readFile(file, 'utf8')) as Tree;
  if (tree.schema !== 1) throw new Error(`${file} is not a tree that this walker can read`);
  return tree;
}

function compareEntries(path: string, before: Entry, after: Entry, withAttributes: boolean): string[] {
  if (before.type !== after.type) return [`${path}: was a ${before.type}, is a ${after.type}`];
  const looked = ['mode', 'uid', 'gid', 'mtime', 'bytes', 'sha256', 'target', 'device', 'linkedWith'] as const;
  const differences = looked
    .filter((key) => before[key] !== after[key])
    .map((key) => `${path}: ${WORDS[key]} was ${before[key] ?? 'none'}, is ${after[key] ?? 'none'}`);
  if (grewOnDisk(before, after)) {
    differences.push(
      `${path}: took ${before.allocated} bytes on the disk, takes ${after.allocated}: its holes were filled`,
    );
  }
  if (withAttributes) {
    const names = new Set([...Object.keys(before.attributes ?? {}), ...Object.keys(after.attributes ?? {})]);
    for (const name of names) {
      const [was, is] = [before.attributes?.[name], after.attributes?.[name]];
      if (was !== is) differences.push(`${path}: extended attribute ${name} was ${was ?? 'none'}, is ${is ?? 'none'}`);
    }
  }
  return differences;
}

/** File systems allocate differently by a few blocks, and taking less is no loss; a sparse file that lost its holes is. */
function grewOnDisk({ allocated: was, bytes = 0 }: Entry, { allocated: is }: Entry): boolean {
  if (was === undefined || is === undefined || was >= bytes) return false;
  return is > was + Math.max(65_536, bytes / 10);
}

const WORDS = {
  mode: 'mode',
  uid: 'owner',
  gid: 'group',
  mtime: 'time of change',
  bytes: 'size',
  sha256: 'content',
  target: 'link target',
  device: 'device number',
  linkedWith: 'hard link group',
} as const;

async function visit(path: Buffer, relative: Buffer, found: Walk): Promise<void> {
  const stats = await lstat(path, { bigint: true });
  const name = writeName(relative);
  const entry = describe(stats);
  found.entries.set(name, entry);
  if (entry.type !== 'directory') {
    const inode = `${stats.dev}:${stats.ino}`;
    found.inodes.set(inode, [...(found.inodes.get(inode) ?? []), name]);
  }
  if (entry.type === 'file') Object.assign(entry, await hashContent(path));
  if (entry.type === 'symlink') entry.target = writeName(await readlink(path, { encoding: 'buffer' }));
  if (entry.type !== 'directory') return;
  for (const child of await readdir(path, { encoding: 'buffer' })) {
    await visit(join(path, child), name === '.' ? child : join(relative, child), found);
  }
}

function describe(stats: BigIntStats): Draft {
  return {
    type: typeOf(stats),
    mode: (Number(stats.mode) & 0o7777).toString(8).padStart(4, '0'),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: stats.mtimeNs.toString(),
    ...(stats.isFile() ? { allocated: Number(stats.blocks) * 512 } : {}),
    ...(stats.isBlockDevice() || stats.isCharacterDevice()
      ? { device: `${stats.isBlockDevice() ? 'block' : 'character'} ${stats.rdev}` }
      : {}),
  };
}

function typeOf(stats: BigIntStats): Entry['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}

async function hashContent(path: Buffer): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** Undefined when there is no `getfattr`; any other failure is thrown, so that nothing is left out in silence. */
async function readAttributes(root: string): Promise<Map<string, Record<string, string>> | undefined> {
  const args = ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names', '--', root];
  const output = await new Promise<Buffer | undefined>((resolve, reject) => {
    execFile('getfattr', args, { encoding: 'buffer', maxBuffer: 1 << 30 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.code === 'ENOENT') resolve(undefined);
      else reject(new Error(`getfattr could not read ${root}: ${stderr.toString().trim()}`, { cause: error }));
    });
  });
  return output && parseAttributes(output, Buffer.from(root));
}

/** Blocks of `# file: <path>` and `name=0x<hex>` lines, an empty line between two; see getfattr(1). */
function parseAttributes(output: Buffer, root: Buffer): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  // latin1 keeps every byte as one character, so that names survive the cutting into lines
  for (const line of output.toString('latin1').split('\n')) {
    if (line.startsWith('# file: ')) {
      const path = unquote(line.slice('# file: '.length)).subarray(root.length);
      current = {};
      found.set(path.length === 0 ? '.' : writeName(path.subarray(path.indexOf('/') + 1)), current);
    } else if (line !== '') {
      const equals = line.indexOf('=');
      const name = writeName(unquote(equals < 0 ? line : line.slice(0, equals)));
      current[name] = equals < 0 ? '' : line.slice(equals + 1);
    }
  }
  return found;
}

/** getfattr writes a backslash and control characters as `\ooo`. */
function unquote(text: string): Buffer {
  const plain = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(plain, 'latin1');
}

function writeName(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  const escaped = (isText ? text : bytes.toString('latin1')).replaceAll('\\', '\\\\');
  return isText ? escaped : escaped.replace(/[\x80-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function draftAt(found: Walk, path: string): Draft {
  const draft = found.entries.get(path);
  if (!draft) throw new Error(`${path} came into being while the tree was walked`);
  return draft;
}
