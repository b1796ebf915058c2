import { AppError, OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import { dropBallast } from './ballast.ts';
import { beginSwap } from './begin-swap.ts';
import { withCharge } from './charge.ts';
import type { LocalContext } from './context.ts';
import { entryOf, unkeep } from './displaced.ts';
import { configuredPart } from './parts.ts';
import { proveQuiet } from './quiet.ts';
import { servicesOf } from './services.ts';
import { commitChildren, revertChildren } from './swap-children.ts';
import { commitWhole, moved, revertWhole } from './swap-part.ts';
import { commitPath, giveFolderLook, revertPath } from './swap-path.ts';
import { type PartSwap, readSwap, removeSwap, type SwapRecord, writeSwap } from './swap-record.ts';
import { stateOfPart, stateOfSwap } from './swap-state.ts';
import { assertGuardIsIdle } from './taken-over.ts';

export async function commitSwap(
  context: LocalContext,
  operationId: string,
  staged: readonly StagedPart[],
  quiet: Quiet,
): Promise<void> {
  const names = new Set(staged.map(({ part }) => part));
  const parts = [...names].map((name) => configuredPart(context.settings, name));
  await proveQuiet(context, quiet, parts);
  await asSwapFailure(async () => {
    const count = await withCharge(context, operationId, quiet, async () => {
      const record = (await readSwap(context, operationId)) ?? (await beginSwap(context, operationId, staged));
      return record.parts.length;
    });
    // One lock for each part: when the guard takes over in between, the next part finds that this quiet time is over.
    for (let index = 0; index < count; index += 1) {
      await withCharge(context, operationId, quiet, () => commitPart(context, operationId, index));
    }
  });
}

async function commitPart(context: LocalContext, operationId: string, index: number): Promise<void> {
  const part = (await readSwap(context, operationId))?.parts[index];
  if (part?.way === 'whole') await commitWhole(part);
  if (part?.way === 'children') await commitChildren(part);
  if (part?.way === 'path') await commitPath(part);
  await notePhase(context, operationId, index, 'committed');
}

/** Parts that are renamed whole tell by their inodes alone. */
async function notePhase(
  context: LocalContext,
  operationId: string,
  index: number,
  phase: 'committed' | 'reverting',
): Promise<void> {
  const record = await readSwap(context, operationId);
  const part = record?.parts[index];
  if (!record || !part || part.way === 'whole') return;
  const noted: PartSwap = part.way === 'path' ? { ...part, phase } : { ...part, committed: phase === 'committed' };
  await writeSwap(context, { ...record, parts: record.parts.with(index, noted) });
}

export async function isSwapReverted(context: LocalContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (record) return (await stateOfSwap(record)) === 'previous';
  return (await entryOf(context, operationId)) === undefined;
}

/** Nobody puts such a swap back unasked. */
export async function isSwapServed(context: LocalContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (record) return record.served && (await stateOfSwap(record)) === 'committed';
  return (await entryOf(context, operationId)) !== undefined;
}

export async function revertSwap(context: LocalContext, operationId: string): Promise<void> {
  // Services are down, and are started next.
  await dropBallast(context);
  await asSwapFailure(() =>
    context.lock.hold(async () => {
      await assertGuardIsIdle(context);
      await reopenKept(context, operationId);
      const record = await readSwap(context, operationId);
      if (!record) return;
      if ((await stateOfSwap(record)) !== 'previous') await putBack(context, record);
      // An earlier life may have died after its last rename.
      for (const part of record.parts) if (part.way === 'path') await giveFolderLook(part);
      await removeSwap(context, operationId);
    }),
  );
}

/** What is kept already is put back all the same, unless it is being removed or an undo has used up what it came from. */
async function reopenKept(context: LocalContext, operationId: string): Promise<void> {
  const kept = await entryOf(context, operationId);
  if (!kept) return;
  if (kept.isDropping || kept.swap.undoes !== undefined) {
    throw new OperationError('swap-failed', `what ${operationId} displaced cannot be put back any more`, {
      hint: 'ask for an undo of it, or restore a backup',
    });
  }
  await writeSwap(context, kept.swap);
  await unkeep(context, operationId);
}

/** Every part is tried, so that one that cannot be put back leaves as few others as possible to be put back by hand. */
async function putBack(context: LocalContext, record: SwapRecord): Promise<void> {
  for (const service of servicesOf(context)) {
    if (!(await service.isRunning())) continue;
    throw new OperationError('swap-failed', `data cannot be put back while the service ${service.name} runs`, {
      hint: 'stop it and try again',
    });
  }
  const failures: unknown[] = [];
  for (const [index, part] of [...record.parts.entries()].reverse()) {
    try {
      await putPartBack(context, record.operationId, part, index);
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function putPartBack(context: LocalContext, operationId: string, part: PartSwap, index: number): Promise<void> {
  if (part.way === 'whole') return revertWhole(part);
  if (part.way === 'path' && (await stateOfPart(part)) === 'unknown') throw moved(part);
  await notePhase(context, operationId, index, 'reverting');
  if (part.way === 'path') return revertPath({ ...part, phase: 'reverting' });
  return revertChildren({ ...part, committed: false });
}

/** Whatever the file system says in here, the answer is the same: the swap failed and data may stand half-way. */
async function asSwapFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new OperationError('swap-failed', 'moving the data failed', {
      cause,
      hint: 'live data may stand half-way; nothing is started until it was put back',
    });
  }
}
