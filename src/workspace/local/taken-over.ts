import { z } from 'zod';
import { OperationError, PortError } from '../../errors.ts';
import { identify, isAlive, processIdentity } from '../../process-identity.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** Written by the guard before it acts: from then on the operation may not stop or swap anything any more. */
const takenOver = z.object({ operationId: z.string(), guard: processIdentity, finished: z.boolean() });

/** Call while holding the lock. */
export async function takeOver(context: LocalContext, operationId: string, finished: boolean): Promise<void> {
  const guard = identify(process.pid);
  await writeState(stateFiles.takenOver(context.folder), { operationId, guard, finished });
}

/** Call while holding the lock, before anything that makes the time longer in which services are down. */
export async function assertNotTakenOver(context: LocalContext, operationId: string): Promise<void> {
  if (context.isGuard) return;
  const mark = await readState(stateFiles.takenOver(context.folder), takenOver);
  if (mark?.operationId !== operationId) return;
  throw new OperationError('not-quiet', 'the guard has taken over and is starting services', {
    hint: 'the operation took longer than its downtime budget; see guard.log in the folder of the workspace',
  });
}

/** Call while holding the lock, before starting or putting back: two at once would not know of each other. */
export async function assertGuardIsIdle(context: LocalContext): Promise<void> {
  if (context.isGuard) return;
  const mark = await readState(stateFiles.takenOver(context.folder), takenOver);
  if (mark === undefined || mark.finished || !isAlive(mark.guard)) return;
  throw new PortError('platform-unavailable', 'the guard is starting the services right now', { retryable: true });
}

export async function forgetTakeOver(context: LocalContext, isStale: (operationId: string) => boolean): Promise<void> {
  const mark = await readState(stateFiles.takenOver(context.folder), takenOver);
  if (mark && isStale(mark.operationId)) await removeState(stateFiles.takenOver(context.folder));
}
