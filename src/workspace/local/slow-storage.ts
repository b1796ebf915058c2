import type { Dirent } from 'node:fs';
import { lstat, opendir, statfs } from 'node:fs/promises';
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

/** Whether reading attributes is slow enough that reading them in parallel beforehand pays. Looks at a few entries only. */
export async function isSlowToRead(path: string): Promise<boolean> {
  if ((await networkKind(path)) !== undefined) return true;
  const sample = await someEntries(path);
  if (sample.length === 0) return false;
  const beganAt = performance.now();
  for (const entry of sample) await lstat(entry).catch(() => undefined);
  return (performance.now() - beganAt) / sample.length > SLOW_MS;
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
