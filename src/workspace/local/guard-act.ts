import { execa } from 'execa';
import { AppError, explain } from '../../errors.ts';
import type { RunningNote } from '../platform.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { applyDefinition } from './definition.ts';
import { type GuardOrder, guardOrder } from './guard-order.ts';
import { readNote } from './note.ts';
import { programEnvironment } from './program-environment.ts';
import { endQuiet } from './quiet.ts';
import { startServices } from './start-services.ts';
import { readState, removeState } from './state-file.ts';
import { notedServices } from './stop-services.ts';
import { revertSwap } from './swap.ts';
import { listSwaps } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { takeOver } from './taken-over.ts';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * What the guard does once its time has come. It tries for ever, pages at the first failure, and ends when services are
 * up, when someone else has them up, or when it is disarmed.
 */
export async function actAsGuard(context: LocalContext, order: GuardOrder): Promise<void> {
  let hasPaged = false;
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
    try {
      const did = await bringBack(context, order);
      context.log.info({ operationId: order.operationId, did }, 'the guard is done');
      if (hasPaged) await tell(context, order, `${order.workspace}: the guard has core services up again.`, false);
      return;
    } catch (cause) {
      // Everything is caught, a bug too: there is no journal and nobody else behind the guard, only the page.
      context.log.error(
        { operationId: order.operationId, why: explain(cause) },
        'the guard could not bring services back',
      );
      if (!hasPaged) await tell(context, order, pageText(order, cause), true);
      hasPaged = true;
    }
    await context.clock.sleep(retryMs);
  }
}

async function bringBack(context: LocalContext, order: GuardOrder): Promise<string> {
  const { operationId } = order;
  const note = await context.lock.hold(async (): Promise<RunningNote | string> => {
    const standingOrder = await readState(stateFiles.guardOrder(context.folder), guardOrder);
    if (standingOrder?.operationId !== operationId) return 'nothing: it was disarmed';
    const standing = await readNote(context);
    if (standing?.operationId !== operationId) return 'nothing: services were started already';
    await takeOver(context, operationId, false);
    await endQuiet(context);
    return standing;
  });
  if (typeof note === 'string') return finish(context, operationId, note, false);
  await putBack(context, note, order);
  const { services } = await startServices(context, note, {});
  return finish(context, operationId, `started ${services.join(', ') || 'no service, none had run'}`, true);
}

/** New data whose services were never all up is not confirmed: it goes back, whole or half-way as it stands. */
async function putBack(context: LocalContext, note: RunningNote, order: GuardOrder): Promise<void> {
  const { operationId } = note;
  const swaps = await listSwaps(context);
  const isServed = swaps.some((swap) => swap.operationId === operationId && swap.served);
  if (isServed) return;
  for (const swap of swaps) {
    if ((await stateOfSwap(swap)) === 'previous') continue;
    for (const service of notedServices(context, note).services) await service.stop(operationId, {});
    await revertSwap(context, swap.operationId);
    context.log.info({ operationId: swap.operationId }, 'the guard has put data back');
  }
  if (order.putBack) await applyDefinition(context, order.putBack.path);
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

function pageText({ workspace, operationId }: GuardOrder, cause: unknown): string {
  const hint = cause instanceof AppError && cause.hint ? ` (${cause.hint})` : '';
  return `${workspace}: core services are down. Operation ${operationId} did not return and the guard could not bring them back: ${explain(cause)}${hint}. It keeps trying.`;
}

/** Whoever cannot be told must not keep the guard from its work. */
async function tell({ log }: LocalContext, order: GuardOrder, sentence: string, isUrgent: boolean): Promise<void> {
  const [program, ...args] = order.pageCommand ?? [];
  if (program === undefined) return;
  const told = await execa(program, args, {
    input: `${sentence}\n`,
    reject: false,
    timeout: 30_000,
    extendEnv: false,
    env: { ...programEnvironment(), ...(isUrgent ? { CML_URGENT: '1', CML_TONE: 'page' } : { CML_TONE: 'good' }) },
  });
  if (told.exitCode !== 0) log.error({ why: explain(told.cause), command: program }, 'the page command failed');
}
