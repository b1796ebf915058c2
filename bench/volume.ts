import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** A btrfs of its own in a file: what storage that can snapshot looks like on one machine. */
export interface SnapshotVolume {
  readonly point: string;
  /** Makes a subvolume and answers its path. */
  subvolume(name: string): Promise<string>;
  /** Another subvolume with the same files, answers its path. */
  twin(of: string, name: string): Promise<string>;
  /** What cml.yaml says about snapshots of that subvolume. */
  snapshotOf(name: string): { readonly make: string[]; readonly drop: string[]; readonly path: string };
}

/** @throws Error that says what this machine lacks. */
export async function makeSnapshotVolume(folder: string, bytes: number): Promise<SnapshotVolume> {
  const [image, point] = [join(folder, 'volume.img'), join(folder, 'volume')];
  try {
    await execa('truncate', ['--size', String(Math.ceil(bytes)), image]);
    await execa('mkfs.btrfs', ['--quiet', image]);
    await mkdir(point);
    await execa('mount', ['-o', 'loop,noatime', image, point]);
  } catch (cause) {
    throw new Error('no btrfs volume could be made: it needs root, a loop device and btrfs-progs', { cause });
  }
  const at = (name: string) => join(point, name);
  return {
    point,
    async subvolume(name) {
      await execa('btrfs', ['subvolume', 'create', at(name)]);
      return at(name);
    },
    async twin(of, name) {
      await execa('btrfs', ['subvolume', 'snapshot', at(of), at(name)]);
      return at(name);
    },
    snapshotOf(name) {
      const path = at(`snapshot-of-${name}`);
      return {
        make: ['btrfs', 'subvolume', 'snapshot', '-r', at(name), path],
        drop: ['sh', '-c', 'if [ -e "$1" ]; then btrfs subvolume delete "$1"; fi', 'drop', path],
        path,
      };
    },
  };
}
