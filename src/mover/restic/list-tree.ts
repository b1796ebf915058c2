import { z } from 'zod';
import { PortError } from '../../errors.ts';
import type { MoveOptions, RestoredPlace } from '../mover.ts';
import { failureOf } from './failure.ts';
import { ONE_MATCH_A_LINE } from './launch.ts';
import { callRestic, type ResticContext } from './restic.ts';
import { entryPath, type TreeEntry } from './tree-entry.ts';

/** Zero-valued fields are left out. Names and link targets that are not UTF-8 come with U+FFFD for every wrong byte. */
const match = z.object({
  path: z.string(),
  type: z.string(),
  mode: z.number().default(0),
  mtime: z.string(),
  uid: z.number().default(0),
  gid: z.number().default(0),
  size: z.number().default(0),
  inode: z.number().default(0),
  device_id: z.number().default(0),
  links: z.number().default(0),
  linktarget: z.string().default(''),
});
type Match = z.infer<typeof match>;

/** After the last match: how many there were. */
const CLOSING = /\],"hits":(\d+),"snapshot":"[^"]*"\}[^"]*$/;

/**
 * Hands over what a copy holds in the given places, as the copy's own tree tells it. Not `ls`: it tells neither where a
 * link points to nor which names are one file. One call for all places.
 * @throws PortError `part-missing` when there is no such copy.
 */
export async function listTree(
  context: ResticContext,
  { copyId, places }: { readonly copyId: string; readonly places: readonly RestoredPlace[] },
  options: MoveOptions,
  onEntry: (entry: TreeEntry) => void,
): Promise<void> {
  const roots = places.map(({ pathInCopy }) => pathInCopy);
  let read = 0;
  let hits: number | undefined;
  const onLine = (line: string) => {
    const end = CLOSING.exec(line);
    if (end) hits = Number(end[1]);
    const found = match.parse(JSON.parse(end ? line.slice(0, end.index) : line.replace(/,$/, '')));
    read += 1;
    for (const [place, root] of roots.entries()) {
      if (found.path !== root && !found.path.startsWith(`${root}/`)) continue;
      if (found.type !== 'socket') onEntry(entryOf(found, place, found.path.slice(root.length + 1)));
    }
  };
  const args = ['find', '--json', '--snapshot', copyId, '*'];
  const result = await callRestic(context, { args, options, around: ONE_MATCH_A_LINE, onLine });
  if (hits === read) return;
  // For a copy that is not there it ends with 0 and says so on the side.
  if (read === 0 && result.stderr.length > 0) throw failureOf({ ...result, exitCode: 1 }, context.settings.location);
  throw new PortError('mover-unavailable', `restic listed ${read} of ${hits ?? 'unknown many'} entries`);
}

function entryOf(found: Match, place: number, below: string): TreeEntry {
  const { type, mode, uid, gid, size, mtime, linktarget, links, device_id, inode } = found;
  const isFile = type === 'file';
  const time = secondsOf(mtime);
  return {
    path: entryPath(place, below),
    facts: [type, modeOf(mode), `${uid}:${gid}`, isFile ? String(size) : '', time, linktarget],
    ...(isFile && links > 1 ? { file: `${place} ${device_id}:${inode}` } : {}),
  };
}

/** From Go's bits of a file mode (source: package io/fs) to the system's, in octal. */
function modeOf(mode: number): string {
  const special = (mode & (1 << 23) ? 0o4000 : 0) | (mode & (1 << 22) ? 0o2000 : 0) | (mode & (1 << 20) ? 0o1000 : 0);
  return (special | (mode & 0o777)).toString(8);
}

/** With nine digits after the point, the whole seconds rounded down, as `find` writes them. */
function secondsOf(time: string): string {
  const [, seconds, fraction = '', zone] = /^([^.]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return `${Date.parse(`${seconds}${zone}`) / 1000}.${fraction.padEnd(9, '0')}`;
}
