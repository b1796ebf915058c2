/**
 * The guard: a detached process that outlives the server. It has nothing of ours to start. When its time has come, it has a
 * backup called off that nobody follows any more, and calls people until the control plane has the workspace up. Started
 * with the state folder of a workspace and an operation id, and with the login on its standard input.
 */
import { text } from 'node:stream/consumers';
import { systemClock } from '../../clock.ts';
import { createGuardLog } from '../guard-log.ts';
import { tryUntilUp } from '../guard-loop.ts';
import { awaitTime } from '../guard-wait.ts';
import { runPageCommand } from '../page-command.ts';
import type { RunningNote } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { createControlPlane } from './client/create-control-plane.ts';
import { type CdpSight, stateFiles } from './context.ts';
import { type GuardOrder, guardAnswer, guardInput, guardOrder } from './guard-order.ts';
import { readNote } from './note.ts';
import { awaitServices } from './start.ts';

const LOOK_MS = 500;

const log = createGuardLog();

async function main(folder: string, operationId: string): Promise<void> {
  const { environment } = guardInput.parse(JSON.parse(await text(process.stdin)));
  const read = () => readState(stateFiles.guardOrder(folder), guardOrder);
  const order = await awaitTime({
    ...{ operationId, clock: systemClock, log, read },
    answer: (nonce) => writeState(stateFiles.guardAnswer(folder), { nonce, pid: process.pid }),
  });
  if (!order) return withdrawAnswer(folder);
  const { workspace, settings } = order;
  const controlPlane = createControlPlane(settings.controlPlane, { environment, clock: systemClock, log });
  const context: CdpSight = { workspace, settings, folder, controlPlane, clock: systemClock, log };
  log.info({ operationId, actsAt: order.actsAt }, 'the operation did not return in time: the guard looks');
  await tryUntilUp({
    ...{ workspace, operationId, clock: systemClock, log },
    bringBack: () => bringBack(context, order),
    tell: (sentence, isUrgent) => runPageCommand(order.pageCommand, sentence, isUrgent, log),
  });
}

/** One that was given just after the disarming would stay; that of another guard is not ours to take. */
async function withdrawAnswer(folder: string): Promise<void> {
  const answer = await readState(stateFiles.guardAnswer(folder), guardAnswer);
  if (answer?.pid === process.pid) await removeState(stateFiles.guardAnswer(folder));
}

/** The note stays: who starts services by hand, or the operation itself, has more to make whole than the services. */
async function bringBack(context: CdpSight, { operationId }: GuardOrder): Promise<string> {
  const { folder } = context;
  if ((await readState(stateFiles.guardOrder(folder), guardOrder))?.operationId !== operationId)
    return 'nothing: it was disarmed';
  const note = await readNote(context);
  if (note?.operationId !== operationId) return 'nothing: services were up already';
  if (!(await isUpBeforeDisarmed(context, note))) return 'nothing: it was disarmed';
  await removeState(stateFiles.guardAnswer(folder));
  await removeState(stateFiles.guardOrder(folder));
  return 'waited until the control plane had the workspace up';
}

/** Waits without end, as long as the order stands: an operation that came back looks after it itself. */
async function isUpBeforeDisarmed(context: CdpSight, note: RunningNote): Promise<boolean> {
  const disarmed = new AbortController();
  const up = new AbortController();
  const watching = awaitDisarmed(context, note.operationId, up.signal).then(() => disarmed.abort());
  try {
    await awaitServices(context, note, { signal: disarmed.signal });
    return true;
  } catch (cause) {
    if (disarmed.signal.aborted) return false;
    throw cause;
  } finally {
    up.abort();
    await watching;
  }
}

/** Resolves when it is, or when nobody wants to know any more. */
async function awaitDisarmed({ folder, clock }: CdpSight, operationId: string, enough: AbortSignal): Promise<void> {
  while (!enough.aborted) {
    const order = await readState(stateFiles.guardOrder(folder), guardOrder);
    if (order?.operationId !== operationId) return;
    await clock.sleep(LOOK_MS, enough).catch(() => undefined);
  }
}

const [folder, operationId] = process.argv.slice(2);
if (folder === undefined || operationId === undefined)
  throw new Error('usage: guard-main <state folder> <operation id>');
await main(folder, operationId);
