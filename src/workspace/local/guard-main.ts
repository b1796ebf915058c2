/**
 * The guard: a detached process that waits for its time and then starts what was running. Started with the state folder
 * of a workspace and an operation id. Everything it may need is loaded now, not when it acts: the installation may have
 * been replaced by then.
 */
import { systemClock } from '../../clock.ts';
import { createGuardLog } from '../guard-log.ts';
import { awaitTime } from '../guard-wait.ts';
import { readState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { removeDeadWriting } from './dead-writing.ts';
import { actAsGuard } from './guard-act.ts';
import { guardOrder } from './guard-order.ts';
import { createStateLock } from './state-lock.ts';

/** How long a living process may keep the lock once the guard's time has come; it is held for a moment only. */
const FENCE_AFTER_MS = 10_000;

const log = createGuardLog();

async function main(folder: string, operationId: string): Promise<void> {
  const order = await awaitTime({
    ...{ operationId, clock: systemClock, log },
    read: () => readState(stateFiles.guardOrder(folder), guardOrder),
    answer: (nonce) => writeState(stateFiles.guardAnswer(folder), { nonce, pid: process.pid }),
  });
  if (!order) return;
  const context: LocalContext = {
    workspace: order.workspace,
    settings: order.settings,
    folder,
    clock: systemClock,
    log,
    lock: createStateLock({
      folder,
      clock: systemClock,
      waitMs: FENCE_AFTER_MS,
      fence: true,
      afterDeath: () => removeDeadWriting(folder),
    }),
    isGuard: true,
  };
  log.info({ operationId, actsAt: order.actsAt }, 'the operation did not return in time: the guard acts');
  await actAsGuard(context, order);
}

const [folder, operationId] = process.argv.slice(2);
if (folder === undefined || operationId === undefined)
  throw new Error('usage: guard-main <state folder> <operation id>');
await main(folder, operationId);
