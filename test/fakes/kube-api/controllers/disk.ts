import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * How the double's storage makes, copies and drops the directory behind a volume or a snapshot. On btrfs these are
 * subvolumes, so that a snapshot takes no longer for more bytes, as with real storage; elsewhere `cp`.
 */
export interface Disk {
  make(directory: string): Promise<void>;
  /** Whole and as it stood; nothing stands at `to` before. */
  copy(from: string, to: string): Promise<void>;
  drop(directory: string): Promise<void>;
  /** Resolves when nothing is being done any more. */
  rest(): Promise<void>;
}

type Way = Omit<Disk, 'rest'>;

const BTRFS = 0x9123683e;

export async function openDisk(folder: string): Promise<Disk> {
  mkdirSync(folder, { recursive: true });
  const way = (await statfs(folder)).type === BTRFS ? subvolumes : plainFolders;
  const busy = new Set<Promise<void>>();
  const watched = async (work: Promise<void>) => {
    const settled = work.then(
      () => void busy.delete(settled),
      () => void busy.delete(settled),
    );
    busy.add(settled);
    return work;
  };
  return {
    make: (directory) => watched(way.make(directory)),
    copy: (from, to) => watched(way.copy(from, to)),
    drop: (directory) => watched(way.drop(directory)),
    async rest() {
      await Promise.all(busy);
    },
  };
}

const plainFolders: Way = {
  async make(directory) {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o755);
  },
  async copy(from, to) {
    mkdirSync(dirname(to), { recursive: true });
    // Under another name first: a copy that was cut off must not pass for a snapshot.
    await rm(`${to}.part`, { recursive: true, force: true });
    await run('cp', ['-a', '--reflink=auto', from, `${to}.part`]);
    await run('mv', ['-T', `${to}.part`, to]);
  },
  drop: (directory) => rm(directory, { recursive: true, force: true }),
};

const subvolumes: Way = {
  async make(directory) {
    if (existsSync(directory)) return;
    mkdirSync(dirname(directory), { recursive: true });
    await run('btrfs', ['subvolume', 'create', directory]);
  },
  async copy(from, to) {
    mkdirSync(dirname(to), { recursive: true });
    await run('btrfs', ['subvolume', 'snapshot', from, to]);
  },
  async drop(directory) {
    if (existsSync(directory)) await run('btrfs', ['subvolume', 'delete', directory]);
  },
};
