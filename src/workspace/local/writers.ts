import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setImmediate as otherWork } from 'node:timers/promises';
import { codeOf } from '../system-error.ts';
import { allPids } from './find-processes.ts';
import { writtenLoopFiles } from './loop-files.ts';
import { isWithin, locate, type Mount, type Place, parseMounts, placesOf } from './mounts.ts';

export interface Writer {
  /** For people: a process with its program, or a device. */
  readonly who: string;
  /** Absent for a device. */
  readonly pid?: number;
  readonly file: string;
  readonly part: string;
}

export interface WriterSearch {
  readonly writers: readonly Writer[];
  /** Processes that we may not look into. */
  readonly unseen: number;
}

interface Target {
  readonly part: string;
  readonly places: readonly Place[];
}

/**
 * Who could write into a part right now: files opened for writing, writable shared mappings, loop devices. Compared by where a
 * file lies on its device, so that a bind mount or a container's own view of the same folder is no hiding place.
 * Reading is fine: that is what our own mover does. Files that are deleted already are in no copy.
 */
export async function findWriters(parts: readonly { name: string; path: string }[]): Promise<WriterSearch> {
  const ownMounts = mountsOf('self');
  const targets: Target[] = [];
  for (const { name, path } of parts) targets.push({ part: name, places: placesOf(await resolved(path), ownMounts) });
  const bySpace = new Map<string, Mount[]>([[spaceOf('self') ?? 'own', ownMounts]]);
  const partHolding = (file: string, mounts: readonly Mount[]): string | undefined => {
    const place = locate(file, mounts);
    return place && targets.find(({ places }) => places.some((root) => holds(root, place)))?.part;
  };
  const writers: Writer[] = [];
  for (const { device, file } of writtenLoopFiles()) {
    const part = partHolding(file, ownMounts);
    if (part !== undefined) writers.push({ who: `the loop device ${device}`, file, part });
  }
  let unseen = 0;
  for (const pid of allPids()) {
    await otherWork();
    const partOf = (file: string) => partHolding(file, mountsSeenBy(pid, bySpace));
    const files = writtenFiles(pid, (file) => partOf(file) !== undefined);
    if (files === 'unseen') unseen += 1;
    else for (const file of files) writers.push({ who: whoIs(pid), pid, file, part: partOf(file) ?? '' });
  }
  return { writers, unseen };
}

function whoIs(pid: number): string {
  return `process ${pid} (${programOf(pid)})`;
}

async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path; // a part that is missing has no writers; inspect says that it is missing
  }
}

function holds(root: Place, place: Place): boolean {
  return root.device === place.device && isWithin(place.path, root.path);
}

/** How a file was opened is asked only of those that matter: it is one more look for each. */
function writtenFiles(pid: number, matters: (file: string) => boolean): string[] | 'unseen' {
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch (cause) {
    const isGone = codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ESRCH';
    return isGone || isKernelThread(pid) ? [] : 'unseen';
  }
  const open = descriptors.flatMap((descriptor) => writtenThrough(pid, descriptor, matters) ?? []);
  return [...open, ...mappedForWriting(pid).filter(matters)];
}

function writtenThrough(pid: number, descriptor: string, matters: (file: string) => boolean): string | undefined {
  try {
    const path = `/proc/${pid}/fd/${descriptor}`;
    const file = readlinkSync(path);
    if (!file.startsWith('/') || /^\/(dev|proc|sys)\//.test(file) || !matters(file)) return undefined;
    if (isDeleted(file, path)) return undefined;
    // The flags of open(2) in octal; the last two bits say read, write or both.
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0 ? file : undefined;
  } catch {
    return undefined; // closed meanwhile
  }
}

/** A name may end so by itself, and what lost one name may have another: only without any is a file in no copy. */
function isDeleted(file: string, path: string): boolean {
  if (!file.endsWith(' (deleted)')) return false;
  try {
    return statSync(path).nlink === 0;
  } catch {
    return true; // closed meanwhile, or not ours to see: then its name has to do
  }
}

function mappedForWriting(pid: number): string[] {
  try {
    return writableMappings(readFileSync(`/proc/${pid}/maps`, 'utf8'), (file, addresses) =>
      isDeleted(file, `/proc/${pid}/map_files/${addresses}`),
    );
  } catch {
    return []; // ended meanwhile
  }
}

/**
 * Files mapped shared and writable; the file itself may be closed by now. A line break in a name stands there as `\\012`.
 * Source: proc(5), `/proc/<pid>/maps` and `map_files`, whose names are the addresses without leading zeros.
 */
export function writableMappings(maps: string, isGone: (file: string, addresses: string) => boolean): string[] {
  const files = new Set<string>();
  for (const [, addresses = '', name = ''] of maps.matchAll(/^(\S+) .w.s \S+ \S+ \d+ +(\/.*)$/gm)) {
    const file = name.replaceAll('\\012', '\n');
    if (!file.startsWith('/dev/') && !isGone(file, addresses.replace(/(^|-)0+(?=.)/g, '$1'))) files.add(file);
  }
  return [...files];
}

/** Kernel threads have no files; only root may see so. Source: proc(5), flag PF_KTHREAD of `/proc/<pid>/stat`. */
function isKernelThread(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const flags = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6];
    return (Number(flags) & 0x200000) !== 0;
  } catch {
    return true; // gone
  }
}

function mountsSeenBy(pid: number, bySpace: Map<string, Mount[]>): readonly Mount[] {
  const space = spaceOf(String(pid)) ?? `process ${pid}`;
  const known = bySpace.get(space);
  if (known) return known;
  const mounts = mountsOf(String(pid));
  bySpace.set(space, mounts);
  return mounts;
}

function spaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined; // gone or not ours to see: its own mountinfo is read then
  }
}

function mountsOf(pid: string): Mount[] {
  try {
    return parseMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  } catch {
    return []; // gone
  }
}

function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program that has ended';
  }
}
