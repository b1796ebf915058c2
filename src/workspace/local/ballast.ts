import { explain } from '../../errors.ts';
import { giveRoom, keepRoom } from '../../kept-room.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** Room for the lock, a record of every service, the guard's files and its log. */
const BYTES = 4 * 1024 * 1024;

/**
 * Takes room on the disk before services are stopped, to be given back before they are started: a disk that has become
 * full meanwhile must not keep them down.
 */
export async function makeBallast({ folder }: LocalContext): Promise<void> {
  await keepRoom(stateFiles.ballast(folder), BYTES);
}

/** Never fails: starting services is tried all the same. Call before taking the lock, which needs room itself. */
export async function dropBallast({ folder, log }: LocalContext): Promise<void> {
  try {
    await giveRoom(stateFiles.ballast(folder));
  } catch (cause) {
    log.warn({ why: explain(cause) }, 'the room that was kept free cannot be given back');
  }
}
