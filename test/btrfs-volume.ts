import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';

/** Real btrfs needs its programs, a kernel that knows it, and the right to mount. */
export const hasBtrfs =
  execaSync('mkfs.btrfs', ['--version'], { reject: false }).exitCode === 0 &&
  execaSync('unshare', ['--mount', 'true'], { reject: false }).exitCode === 0 &&
  readFileSync('/proc/filesystems', 'utf8').includes('\tbtrfs\n');

export interface BtrfsVolume {
  /** Where its top is mounted. */
  readonly top: string;
  subvolume(...names: string[]): Promise<string>;
  /** Mounts a subvolume once more, at a place outside of it. Whoever mounts takes it away with `umount`. */
  mount(subvolume: string, point: string): Promise<void>;
  /** Every subvolume, by its path from the top. */
  subvolumes(): Promise<string[]>;
  dispose(): Promise<void>;
}

/** On a sparse file: only what is written takes room. */
export async function makeBtrfsVolume(megabytes = 512): Promise<BtrfsVolume> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-btrfs-'));
  const [image, top] = [join(folder, 'image'), join(folder, 'top')];
  await execa('truncate', ['-s', `${megabytes}M`, image]);
  await execa('mkfs.btrfs', ['-q', image]);
  await mkdir(top);
  await execa('mount', ['-o', 'loop', image, top]);
  return {
    top,
    async subvolume(...names) {
      const path = join(top, ...names);
      await mkdir(join(path, '..'), { recursive: true });
      await execa('btrfs', ['subvolume', 'create', path]);
      return path;
    },
    async mount(subvolume, point) {
      const { stdout: device } = await execa('findmnt', ['-no', 'SOURCE', top]);
      await mkdir(point, { recursive: true });
      await execa('mount', ['-o', `subvol=${subvolume.slice(top.length)}`, device.replace(/\[.*$/, ''), point]);
    },
    async subvolumes() {
      const { stdout } = await execa('btrfs', ['subvolume', 'list', top]);
      return stdout.split('\n').flatMap((line) => /path (.*)$/.exec(line)?.[1] ?? []);
    },
    async dispose() {
      await execa('umount', [top]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
