import { writeSync } from 'node:fs';
import { createLog, type Log } from '../log.ts';

/** What a guard says, on its standard output. Services come first: a line that finds no room is lost and must not end the guard. */
export function createGuardLog(): Log {
  return createLog({ write: writeIfPossible }, 'info');
}

function writeIfPossible(line: string): void {
  try {
    writeSync(process.stdout.fd, line);
  } catch {
    // There is no other place to tell it.
  }
}
