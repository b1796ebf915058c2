import { type Dirent, lstatSync } from 'node:fs';
import { opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Source: statfs(2), `f_type`. Names are for people. On these, each look at a file may be a round trip, and whoever
 * writes from another machine cannot be seen from here.
 */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'CephFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9P'],
]);

/** The kind of network file system that holds a path; undefined when it is a local one. */
export async function networkKind(path: string): Promise<string | undefined> {
  const { type } = await statfs(path);
  return NETWORK.get(Number(type) >>> 0);
}

const SLOW_MS = 0.2;
const SAMPLE = 100;
/** The looks below hold up everything else in this process. */
const LONGEST_MS = 100;

/**
 * Whether reading attributes is slow enough that reading them in parallel beforehand pays: the median of a few looks,
 * taken synchronously because a way through the thread pool alone may cost as much as what is measured.
 */
export async function isSlowToRead(path: string): Promise<boolean> {
  if ((await networkKind(path)) !== undefined) return true;
  const sample = await someEntries(path);
  const tookMs: number[] = [];
  const beganAt = performance.now();
  for (const entry of sample) {
    const lookedAt = performance.now();
    lstatSync(entry, { throwIfNoEntry: false });
    tookMs.push(performance.now() - lookedAt);
    if (performance.now() - beganAt > LONGEST_MS) break;
  }
  const median = tookMs.sort((one, other) => one - other)[Math.floor(tookMs.length / 2)];
  return median !== undefined && median > SLOW_MS;
}

async function someEntries(path: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [path];
  for (let folder = folders.shift(); folder !== undefined && found.length < SAMPLE; folder = folders.shift()) {
    for await (const entry of entriesOf(folder)) {
      const child = join(folder, entry.name);
      if (entry.isDirectory() && folders.length < SAMPLE) folders.push(child);
      if (found.push(child) >= SAMPLE) break;
    }
  }
  return found;
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder);
  } catch {
    // a sample may leave out what it cannot read
  }
}
