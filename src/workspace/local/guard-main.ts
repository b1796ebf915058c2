/**
 * The guard: a detached process that waits for its time and then starts what was running. Started with the state folder
 * of a workspace and an operation id. Everything it may need is loaded now, not when it acts: the installation may have
 * been replaced by then.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../clock.ts';
import { explain } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { readState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { actAsGuard } from './guard-act.ts';
import { type GuardOrder, guardOrder } from './guard-order.ts';
import { createStateLock } from './state-lock.ts';

const POLL_MS = 500;
/** How long a living process may keep the lock once the guard's time has come; it is held for a moment only. */
const FENCE_AFTER_MS = 10_000;

/** Services come first: a line that finds no room is lost and must not end the guard. */
const log = createLog({ write: writeIfPossible }, 'info');

function writeIfPossible(line: string): void {
  try {
    writeSync(process.stdout.fd, line);
  } catch {
    // There is no other place to tell it.
  }
}

/** Waits for the time of the order as it stands at each look; undefined when it was disarmed. */
async function awaitTime(folder: string, operationId: string): Promise<GuardOrder | undefined> {
  let seen = { nonce: '', atMs: 0 };
  let answered = '';
  let known: GuardOrder | undefined;
  for (;;) {
    const order = await readOrder(folder, known);
    if (order?.operationId !== operationId) return undefined;
    known = order;
    if (order.nonce !== seen.nonce) {
      seen = { nonce: order.nonce, atMs: performance.now() };
    }
    if (order.nonce !== answered && (await answer(folder, order.nonce))) answered = order.nonce;
    // Either clock will do: the wall clock may be set back, the other one stands still while a machine sleeps.
    const isTime = systemClock.now() >= new Date(order.actsAt) || performance.now() - seen.atMs >= order.spanMs;
    if (isTime) return order;
    await systemClock.sleep(POLL_MS);
  }
}

/** Unanswered, whoever armed it knows that something is wrong; it acts at its time all the same. */
async function answer(folder: string, nonce: string): Promise<boolean> {
  try {
    await writeState(stateFiles.guardAnswer(folder), { nonce, pid: process.pid });
    return true;
  } catch (cause) {
    log.warn({ why: explain(cause) }, 'the guard cannot answer');
    return false;
  }
}

/** An order that cannot be read for now is no disarming: the one that is known goes on to hold. */
async function readOrder(folder: string, known: GuardOrder | undefined): Promise<GuardOrder | undefined> {
  try {
    return await readState(stateFiles.guardOrder(folder), guardOrder);
  } catch (cause) {
    if (!known) throw cause;
    log.warn({ why: explain(cause) }, 'the order of the guard cannot be read');
    return known;
  }
}

async function main(folder: string, operationId: string): Promise<void> {
  const order = await awaitTime(folder, operationId);
  if (!order) return;
  const context: LocalContext = {
    workspace: order.workspace,
    settings: order.settings,
    folder,
    clock: systemClock,
    log,
    lock: createStateLock({ folder, clock: systemClock, waitMs: FENCE_AFTER_MS, fence: true }),
    isGuard: true,
  };
  log.info({ operationId, actsAt: order.actsAt }, 'the operation did not return in time: the guard acts');
  await actAsGuard(context, order);
}

const [folder, operationId] = process.argv.slice(2);
if (folder === undefined || operationId === undefined)
  throw new Error('usage: guard-main <state folder> <operation id>');
await main(folder, operationId);
