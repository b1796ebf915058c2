import { lstat, statfs } from 'node:fs/promises';
import { execa } from 'execa';
import { PortError } from '../../errors.ts';
import { programEnvironment } from '../program-environment.ts';
import { codeOf } from '../system-error.ts';

/** Source: linux/magic.h, BTRFS_SUPER_MAGIC. */
const MAGIC = 0x9123683e;
/** Source: btrfs-subvolume(8): the root folder of every subvolume has this inode, and nothing else has. */
const ROOT_INODE = 256;
const LOOK_MS = 30_000;

export const btrfsCommands = {
  /** Waits until it is on the disk. */
  snapshot: (subvolume: string, path: string) => ['btrfs', 'subvolume', 'snapshot', '-r', subvolume, path],
  /** Waits until it is on the disk: one that comes back after a power cut would belong to nobody. */
  remove: (path: string) => ['btrfs', 'subvolume', 'delete', '--commit-after', path],
};

export async function isOnBtrfs(path: string): Promise<boolean> {
  return (await statfs(path)).type === MAGIC;
}

/** False for what is not there. */
export async function isSubvolume(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).ino === ROOT_INODE && (await isOnBtrfs(path));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return false;
    throw cause;
  }
}

/**
 * Subvolumes directly inside a subvolume, as paths on their file system: a snapshot shows an empty folder for each.
 * @throws PortError when the program is missing or we may not look, in words that follow "no snapshot can be made: ".
 */
export async function subvolumesInside(subvolume: string, program = 'btrfs'): Promise<string[]> {
  const said = await ask(['list', '-o', subvolume], program);
  return said.split('\n').flatMap((line) => /^ID \d+ gen \d+ top level \d+ path (.*)$/.exec(line)?.[1] ?? []);
}

/**
 * Removes every subvolume inside a folder, read-only ones too, innermost first: `rm` takes each for another file system
 * and leaves it. What cannot be removed stays, for the caller's own attempt to report.
 */
export async function removeSubvolumesInside(folder: string): Promise<void> {
  if (!(await isOnBtrfs(folder))) return;
  const search = ['-mindepth', '1', '-xdev', '-type', 'd', '-inum', String(ROOT_INODE), '-print0'];
  const found = await execa('find', [folder, ...search], { reject: false, stripFinalNewline: false });
  for (const path of found.stdout.split('\0').filter((one) => one !== '')) {
    await removeSubvolumesInside(path);
    const [program = '', ...words] = btrfsCommands.remove(path);
    await execa(program, words, { reject: false, extendEnv: false, env: programEnvironment(), stdin: 'ignore' });
  }
}

/** When a snapshot was made, by the storage's own account, which knows whole seconds. */
export async function creationTimeOf(snapshot: string): Promise<Date> {
  const said = await ask(['show', snapshot], 'btrfs');
  const [, day, time, hours, minutes] =
    /^\s*Creation time:\s*(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/m.exec(said) ?? [];
  const made = new Date(`${day}T${time}${hours}:${minutes}`);
  if (!Number.isNaN(made.getTime())) return made;
  throw new PortError('platform-unavailable', `btrfs does not say when ${snapshot} was made`);
}

async function ask(words: readonly string[], program: string): Promise<string> {
  const said = await execa(program, ['subvolume', ...words], {
    reject: false,
    extendEnv: false,
    env: programEnvironment(),
    stdin: 'ignore',
    timeout: LOOK_MS,
  });
  if (said.exitCode === 0) return said.stdout;
  if (said.code === 'ENOENT') {
    throw new PortError('platform-unavailable', 'the program btrfs is missing (Debian package btrfs-progs)');
  }
  const why = said.stderr.trim().split('\n').at(-1) || `btrfs subvolume ${words[0]} failed`;
  throw new PortError('platform-unavailable', why, { cause: said });
}
