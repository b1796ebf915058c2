import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { explain } from '../../errors.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** Room for the lock, a record of every service, the guard's files and its log. */
const BYTES = 4 * 1024 * 1024;

/**
 * Takes room on the disk before services are stopped, to be given back before they are started: a disk that has become
 * full meanwhile must not keep them down. Random bytes, which no file system can store smaller.
 */
export async function makeBallast({ folder }: LocalContext): Promise<void> {
  const path = stateFiles.ballast(folder);
  if ((await sizeOf(path)) === BYTES) return;
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(randomBytes(BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  }
}

/** Never fails: starting services is tried all the same. Call before taking the lock, which needs room itself. */
export async function dropBallast({ folder, log }: LocalContext): Promise<void> {
  try {
    await rm(stateFiles.ballast(folder), { force: true });
  } catch (cause) {
    log.warn({ why: explain(cause) }, 'the room that was kept free cannot be given back');
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0; // not there: it is made
  }
}
