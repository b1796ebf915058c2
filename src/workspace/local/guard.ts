import { randomUUID } from 'node:crypto';
import { explain, PortError } from '../../errors.ts';
import type { DefinitionFile, RunningNote } from '../platform.ts';
import { spawnGuard } from '../spawn-guard.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { dropBallast, makeBallast } from './ballast.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { findProcesses } from './find-processes.ts';
import { type GuardOrder, guardAnswer, guardOrder } from './guard-order.ts';
import { forgetTakeOver } from './taken-over.ts';

const POLL_MS = 20;
/** How long a living guard may take to notice a new order; it looks twice a second. */
const NOTICE_MS = 5_000;
const START_MS = 20_000;

interface Arming {
  readonly context: LocalContext;
  readonly guardProgram: readonly string[];
  readonly pageCommand: readonly string[] | undefined;
}

/** Resolves when a guard runs that has read this order. A guard of the same operation is told, not doubled. */
export async function armGuard(
  { context, guardProgram, pageCommand }: Arming,
  note: RunningNote,
  actsAt: string,
  putBack: DefinitionFile | undefined,
): Promise<void> {
  const order: GuardOrder = {
    workspace: context.workspace,
    operationId: note.operationId,
    nonce: randomUUID(),
    settings: context.settings,
    note,
    actsAt,
    ...(putBack === undefined ? {} : { putBack }),
    spanMs: Math.max(0, Date.parse(actsAt) - context.clock.now().getTime()),
    ...(pageCommand === undefined ? {} : { pageCommand: [...pageCommand] }),
  };
  await keepRoomFree(context, note.operationId);
  await context.lock.hold(async () => {
    await forgetTakeOver(context, (operationId) => operationId !== note.operationId);
    await writeState(stateFiles.guardOrder(context.folder), order);
  });
  const isLiving = () => findProcesses({ marks: marksOf(context, note.operationId) }).length > 0;
  if (isLiving() && (await isAnswered(context, order.nonce, NOTICE_MS, isLiving))) return;
  await spawnGuard({
    ...{ workspace: context.workspace, words: guardProgram, args: [context.folder, note.operationId] },
    logFile: stateFiles.guardLog(context.folder),
    marks: { CML_GUARD: note.operationId, CML_STATE: context.folder },
  });
  if (await isAnswered(context, order.nonce, START_MS, isLiving)) return;
  throw new PortError('platform-unavailable', `the guard of ${context.workspace} does not come up`, {
    retryable: true,
    hint: `look at ${stateFiles.guardLog(context.folder)}; nothing was stopped`,
  });
}

/** Without that room nothing is stopped; armed anew, services may be down already, and that comes first. */
async function keepRoomFree(context: LocalContext, operationId: string): Promise<void> {
  try {
    await makeBallast(context);
  } catch (cause) {
    if (!(await isArmedFor(context, operationId))) throw cause;
    context.log.warn({ operationId, why: explain(cause) }, 'no room can be kept free for starting services');
  }
}

async function isArmedFor(context: LocalContext, operationId: string): Promise<boolean> {
  return (await readState(stateFiles.guardOrder(context.folder), guardOrder))?.operationId === operationId;
}

export async function disarmGuard(context: LocalContext, operationId: string): Promise<void> {
  if (await isArmedFor(context, operationId)) await dropBallast(context);
  await context.lock.hold(async () => {
    if (!(await isArmedFor(context, operationId))) return;
    // The order goes last: while it stands, a life that died in between does this again.
    await removeState(stateFiles.guardAnswer(context.folder));
    await removeState(stateFiles.guardOrder(context.folder));
  });
}

function marksOf(context: LocalContext, operationId: string): string[] {
  return [`CML_GUARD=${operationId}`, `CML_STATE=${context.folder}`];
}

async function isAnswered(
  context: LocalContext,
  nonce: string,
  withinMs: number,
  isLiving: () => boolean,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
    const answer = await readState(stateFiles.guardAnswer(context.folder), guardAnswer);
    if (answer?.nonce === nonce) return true;
    // Ended after a disarming that it noticed only now, or killed: waiting longer changes nothing.
    if (waitedMs > 200 && !isLiving()) return false;
    await context.clock.sleep(POLL_MS);
  }
  return false;
}
