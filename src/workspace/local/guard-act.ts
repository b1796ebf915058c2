import { tryUntilUp } from '../guard-loop.ts';
import { runPageCommand } from '../page-command.ts';
import type { RunningNote } from '../platform.ts';
import { readState, removeState } from '../state-file.ts';
import { dropBallast } from './ballast.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { type GuardOrder, guardOrder } from './guard-order.ts';
import { assertNotInPlace } from './in-place.ts';
import { readNote } from './note.ts';
import { putBackUnserved } from './put-back.ts';
import { endQuiet } from './quiet.ts';
import { startServices } from './start-services.ts';
import { takeOver } from './taken-over.ts';

/** Ends when services are up, when someone else has them up, or when it is disarmed. */
export async function actAsGuard(context: LocalContext, order: GuardOrder): Promise<void> {
  const { workspace, operationId } = order;
  const { clock, log } = context;
  await tryUntilUp({
    ...{ workspace, operationId, clock, log },
    bringBack: () => bringBack(context, order),
    tell: (sentence, isUrgent) => runPageCommand(order.pageCommand, sentence, isUrgent, log),
  });
}

async function bringBack(context: LocalContext, order: GuardOrder): Promise<string> {
  const { operationId } = order;
  await dropBallast(context);
  const note = await context.lock.hold(async (): Promise<RunningNote | string> => {
    const standingOrder = await readState(stateFiles.guardOrder(context.folder), guardOrder);
    if (standingOrder?.operationId !== operationId) return 'nothing: it was disarmed';
    const standing = await readNote(context);
    if (standing?.operationId !== operationId) return 'nothing: services were started already';
    // Before anything is taken over: who writes in place may still live and go on.
    await assertNotInPlace(context);
    await takeOver(context, operationId, false);
    await endQuiet(context);
    return standing;
  });
  if (typeof note === 'string') return finish(context, operationId, note, false);
  await putBackUnserved(context, order, note);
  const { services } = await startServices(context, note, {});
  return finish(context, operationId, `started ${services.join(', ') || 'no service, none had run'}`, true);
}

/** A guard that found everything up has taken nothing over: the operation, should it return, may go on. */
async function finish(context: LocalContext, operationId: string, did: string, hasStarted: boolean): Promise<string> {
  await context.lock.hold(async () => {
    const order = await readState(stateFiles.guardOrder(context.folder), guardOrder);
    if (order?.operationId !== operationId) return;
    if (hasStarted) await takeOver(context, operationId, true);
    await removeState(stateFiles.guardAnswer(context.folder));
    await removeState(stateFiles.guardOrder(context.folder));
  });
  return did;
}
