import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';

/**
 * Takes room on a disk, to be given back when something must be written there although the disk has become full. Random
 * bytes, which no file system can store smaller. Rejects, leaving nothing, when there is no such room.
 */
export async function keepRoom(path: string, bytes: number): Promise<void> {
  if ((await sizeOf(path)) === bytes) return;
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(randomBytes(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  }
}

/** Answers whether there was room to give back. */
export async function giveRoom(path: string): Promise<boolean> {
  const bytes = await sizeOf(path);
  await rm(path, { force: true });
  return bytes > 0;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0; // not there
  }
}
