import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setImmediate as otherWork } from 'node:timers/promises';
import { allPids } from './find-processes.ts';
import { isWithin, locate, type Mount, type Place, parseMounts, placesOf } from './mounts.ts';
import { codeOf } from './system-error.ts';

export interface Writer {
  readonly pid: number;
  readonly program: string;
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
 * Who could write into a part right now: files opened for writing and writable shared mappings. Compared by where a
 * file lies on its device, so that a bind mount or a container's own view of the same folder is no hiding place.
 * Reading is fine: that is what our own mover does. Files that are deleted already are in no copy.
 */
export async function findWriters(parts: readonly { name: string; path: string }[]): Promise<WriterSearch> {
  const ownMounts = mountsOf('self');
  const targets: Target[] = [];
  for (const { name, path } of parts) targets.push({ part: name, places: placesOf(await resolved(path), ownMounts) });
  const bySpace = new Map<string, Mount[]>([[spaceOf('self') ?? 'own', ownMounts]]);
  const writers: Writer[] = [];
  let unseen = 0;
  for (const pid of allPids()) {
    await otherWork();
    const targetOf = (file: string): Target | undefined => {
      const place = locate(file, mountsSeenBy(pid, bySpace));
      return place && targets.find(({ places }) => places.some((root) => holds(root, place)));
    };
    const files = writtenFiles(pid, (file) => targetOf(file) !== undefined);
    if (files === 'unseen') unseen += 1;
    else
      for (const file of files) writers.push({ pid, program: programOf(pid), file, part: targetOf(file)?.part ?? '' });
  }
  return { writers, unseen };
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
    const file = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    if (!file.startsWith('/') || /^\/(dev|proc|sys)\//.test(file) || file.endsWith(' (deleted)')) return undefined;
    if (!matters(file)) return undefined;
    // The flags of open(2) in octal; the last two bits say read, write or both.
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0 ? file : undefined;
  } catch {
    return undefined; // closed meanwhile
  }
}

function mappedForWriting(pid: number): string[] {
  try {
    return writableMappings(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  } catch {
    return []; // ended meanwhile
  }
}

/** Files mapped shared and writable; the file itself may be closed by now. Source: proc(5), `/proc/<pid>/maps`. */
export function writableMappings(maps: string): string[] {
  const files = new Set<string>();
  for (const match of maps.matchAll(/^\S+ .w.s \S+ \S+ \d+ +(\/.*)$/gm)) {
    const file = match[1];
    if (file !== undefined && !file.startsWith('/dev/') && !file.endsWith(' (deleted)')) files.add(file);
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
