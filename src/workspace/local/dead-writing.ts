import { removeHalfWritten } from '../state-file.ts';

/** Written without the lock: the answer by the guard, the snapshots by the operation itself. */
const UNLOCKED = /^(guard-answer|snapshots-)/;

/** What the lock's last holder was writing when it died. Call while holding the lock. */
export function removeDeadWriting(folder: string): Promise<void> {
  return removeHalfWritten(folder, (name) => !UNLOCKED.test(name));
}
