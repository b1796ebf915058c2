import { removeHalfWritten } from '../state-file.ts';

/** Written by the guard without the lock; it goes with the answer itself. */
const UNLOCKED = /^guard-answer\b/;

/** What the lock's last holder was writing when it died. Call while holding the lock. */
export function removeDeadWriting(folder: string): Promise<void> {
  return removeHalfWritten(folder, (name) => !UNLOCKED.test(name));
}
