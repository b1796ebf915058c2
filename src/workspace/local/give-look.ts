import { chmod, chown, lstat } from 'node:fs/promises';
import { execa } from 'execa';
import { PortError } from '../../errors.ts';
import type { Look } from './file-facts.ts';

/** Owner before mode: changing the owner takes the set-uid bits away. */
export async function giveOwnerAndMode(folder: string, look: Pick<Look, 'mode' | 'uid' | 'gid'>): Promise<void> {
  const now = await lstat(folder);
  if (now.uid !== look.uid || now.gid !== look.gid) await chown(folder, look.uid, look.gid);
  await chmod(folder, look.mode);
}

export async function giveLook(folder: string, look: Look): Promise<void> {
  await giveOwnerAndMode(folder, look);
  // Not utimes: it takes seconds as a float, which cannot hold nanoseconds.
  const digits = look.modifiedNs.padStart(10, '0');
  const moment = `@${digits.slice(0, -9)}.${digits.slice(-9)}`;
  const touched = await execa('touch', ['-m', '-d', moment, '--', folder], { reject: false });
  if (touched.exitCode !== 0) {
    throw new PortError('platform-unavailable', `the time of ${folder} cannot be set`, { cause: touched });
  }
}
