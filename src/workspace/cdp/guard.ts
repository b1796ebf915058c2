import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { PortError } from '../../errors.ts';
import type { RunningNote } from '../platform.ts';
import { spawnGuard } from '../spawn-guard.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type CdpSight, stateFiles } from './context.ts';
import { type GuardOrder, guardAnswer, guardInput, guardOrder } from './guard-order.ts';

const POLL_MS = 20;
/** How long a living guard may take to notice a new order; it looks twice a second. */
const NOTICE_MS = 2_000;
const START_MS = 20_000;

export interface Arming {
  readonly context: CdpSight;
  readonly guardProgram: readonly string[];
  readonly pageCommand: readonly string[] | undefined;
  /** Variables that the login stands in. */
  readonly loginEnvironment: Readonly<Record<string, string>>;
}

/** Resolves when a guard runs that has read this order. A guard of the same operation is told, not doubled. */
export async function armGuard(arming: Arming, note: RunningNote, actsAt: string): Promise<void> {
  const { context, guardProgram, pageCommand } = arming;
  const { workspace, settings, folder, clock } = context;
  const order: GuardOrder = {
    ...{ workspace, settings, note, actsAt, operationId: note.operationId, nonce: randomUUID() },
    spanMs: Math.max(0, Date.parse(actsAt) - clock.now().getTime()),
    ...(pageCommand === undefined ? {} : { pageCommand: [...pageCommand] }),
  };
  const before = await readState(stateFiles.guardAnswer(folder), guardAnswer);
  await writeState(stateFiles.guardOrder(folder), order);
  if (before && (await isAnswered(context, order.nonce, NOTICE_MS))) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const child = await spawnGuard({
    ...{ workspace, words: guardProgram, args: [folder, note.operationId] },
    logFile: stateFiles.guardLog(folder),
    marks: { CML_GUARD: note.operationId, CML_STATE: folder },
    input: JSON.stringify(guardInput.parse({ environment: arming.loginEnvironment })),
  });
  if (await isAnswered(context, order.nonce, START_MS, child)) return;
  throw new PortError('platform-unavailable', `the guard of ${workspace} does not come up`, {
    retryable: true,
    hint: `look at ${stateFiles.guardLog(folder)}; nothing was stopped`,
  });
}

/** Services are up while people's workloads are waited for: the guard comes later by as much. */
export async function postponeGuard({ folder }: CdpSight, operationId: string, byMs: number): Promise<void> {
  const order = await readState(stateFiles.guardOrder(folder), guardOrder);
  if (order?.operationId !== operationId || byMs === 0) return;
  const actsAt = new Date(Date.parse(order.actsAt) + byMs).toISOString();
  await writeState(stateFiles.guardOrder(folder), {
    ...order,
    ...{ actsAt, spanMs: Math.max(0, order.spanMs + byMs), nonce: randomUUID() },
  });
}

export async function disarmGuard({ folder }: CdpSight, operationId: string): Promise<void> {
  const order = await readState(stateFiles.guardOrder(folder), guardOrder);
  if (order?.operationId !== operationId) return;
  // The order goes last: while it stands, a life that died in between does this again.
  await removeState(stateFiles.guardAnswer(folder));
  await removeState(stateFiles.guardOrder(folder));
}

async function isAnswered(
  { folder, clock }: CdpSight,
  nonce: string,
  withinMs: number,
  child?: ChildProcess,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
    const answer = await readState(stateFiles.guardAnswer(folder), guardAnswer);
    if (answer?.nonce === nonce) return true;
    if (child && child.exitCode !== null) return false;
    await clock.sleep(POLL_MS);
  }
  return false;
}
