import { PortError } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';
import type { MoveOptions } from '../mover.ts';
import { entryPath, nameOfBytes, type TreeEntry } from './tree-entry.ts';

/**
 * One line for each entry, and `whole` at the end when nothing was passed over. A line break in a name becomes a zero byte,
 * and each byte a character of its own, so that names survive which are not UTF-8. A path holds no `//`; a link target may.
 */
const WALK = `
printf 'uid %d\\n' "$(id -u)"
cd -- "$1" || exit 1
{ find . -printf '%y %m %U %G %s %n %D:%i %T@ %P//%l\\0' && printf 'whole\\0'; } |
  LC_ALL=C tr '\\n\\0' '\\0\\n' | iconv -f LATIN1 -t UTF-8
`;

const ROOT = 'uid 0';
const LINE = /^(.) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+:\d+) (-?\d+)(?:\.(\d+))? (.*)$/;
const KINDS: Readonly<Record<string, string>> = {
  ...{ f: 'file', d: 'dir', l: 'symlink', p: 'fifo', c: 'chardev', b: 'dev', s: 'socket' },
};

/**
 * Looks at every entry of a folder on the disk, near the data, without restic. Answers whether root did: owners are told
 * then only.
 */
export async function walkTree(
  { run }: { readonly run: RunProgram },
  { path, place }: { readonly path: string; readonly place: number },
  { folder, key, signal, yields = false }: MoveOptions,
  onEntry: (entry: TreeEntry) => void,
): Promise<{ isRoot: boolean }> {
  let uid: string | undefined;
  let isWhole = false;
  const onLine = (line: string) => {
    if (uid === undefined) uid = line;
    else if (line === 'whole') isWhole = true;
    else onEntry(readLine(line, place, uid === ROOT));
  };
  const needs = { places: [{ path, access: 'read' as const }] };
  const program = { key, command: 'sh', args: ['-c', WALK, 'walk', path], fresh: true, needs, yields };
  const { exitCode, stderr } = await run(program, { folder, onLine, ...(signal ? { signal } : {}) });
  if (exitCode === 0 && isWhole) return { isRoot: uid === ROOT };
  throw new PortError('mover-unavailable', `Not everything in ${path} could be looked at`, {
    cause: new Error(stderr.slice(-5).join('\n')),
  });
}

function readLine(line: string, place: number, isRoot: boolean): TreeEntry {
  const [, type = '', mode = '', uid, gid, size = '', names, inode, seconds, fraction = '', rest = ''] =
    LINE.exec(line) ?? [];
  if (uid === undefined) throw new PortError('mover-unavailable', `find wrote what is not understood: ${line}`);
  const bytes = rest.replaceAll('\0', '\n');
  const end = bytes.indexOf('//');
  const time = `${seconds}.${fraction.padEnd(9, '0').slice(0, 9)}`;
  const sizeOfFile = type === 'f' ? size : '';
  const target = nameOfBytes(bytes.slice(end + 2));
  return {
    path: entryPath(place, nameOfBytes(bytes.slice(0, end))),
    facts: [KINDS[type] ?? type, mode, isRoot ? `${uid}:${gid}` : '', sizeOfFile, time, target],
    ...(type === 'f' && names !== '1' ? { file: `${place} ${inode}` } : {}),
  };
}
