import type { Quiet } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { assertSameQuiet } from './quiet.ts';
import { assertNotTakenOver } from './taken-over.ts';

/** Holds the lock for work that changes live data: only in this quiet time, and not after the guard has taken over. */
export function withCharge<T>(
  context: LocalContext,
  operationId: string,
  quiet: Quiet,
  work: () => Promise<T>,
): Promise<T> {
  return context.lock.hold(async () => {
    await assertNotTakenOver(context, operationId);
    await assertSameQuiet(context, quiet);
    return work();
  });
}
