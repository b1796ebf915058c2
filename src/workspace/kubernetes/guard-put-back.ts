import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { type GuardOrder, readDefinition } from './guard-order.ts';
import { recordsOf } from './ledger.ts';
import { stopServices } from './stop-services.ts';

/** What the guard must be able to do with data and definition; handed in, so that it is loaded before its time comes. */
export interface PutBack {
  /** @throws OperationError `unknown-data` while live parts are being written in place. */
  readonly assertNotInPlace: (context: KubeContext) => Promise<void>;
  readonly isSwapServed: (context: KubeContext, operationId: string) => Promise<boolean>;
  readonly isSwapReverted: (context: KubeContext, operationId: string) => Promise<boolean>;
  readonly revertSwap: (context: KubeContext, operationId: string) => Promise<void>;
  readonly applyDefinition: (context: KubeContext, path: string) => Promise<void>;
}

/**
 * New data whose services were never all up is not confirmed: it goes back, whole or half-way as it stands. Answers the
 * operations whose data it was.
 */
export async function putBackUnserved(
  context: KubeContext,
  order: GuardOrder | undefined,
  note: RunningNote,
  putBack: PutBack,
): Promise<string[]> {
  if (await putBack.isSwapServed(context, note.operationId)) return [];
  const swaps = await recordsOf(context).having('swap');
  const unsettled: string[] = [];
  for (const operationId of swaps) {
    if (await putBack.isSwapServed(context, operationId)) continue;
    if (!(await putBack.isSwapReverted(context, operationId))) unsettled.push(operationId);
  }
  if (unsettled.length > 0) await stopServices(context, note, {});
  // Before the data: once that is back, the next attempt takes everything for put back.
  if (swaps.includes(note.operationId)) await putDefinitionBack(context, order, putBack);
  for (const operationId of unsettled) {
    await putBack.revertSwap(context, operationId);
    context.log.info({ operationId }, 'data was put back');
  }
  return unsettled;
}

async function putDefinitionBack(context: KubeContext, order: GuardOrder | undefined, putBack: PutBack): Promise<void> {
  if (order?.putBack === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'cml-guard-'));
  try {
    const path = join(folder, 'definition');
    await writeFile(path, await readDefinition(context.cluster, order), { mode: 0o600 });
    await putBack.applyDefinition(context, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
