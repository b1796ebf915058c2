import { AppError, OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import { dropBallast } from './ballast.ts';
import { beginSwap } from './begin-swap.ts';
import type { LocalContext } from './context.ts';
import { keptSwap, unkeep } from './displaced.ts';
import { configuredPart } from './parts.ts';
import { assertSameQuiet, proveQuiet } from './quiet.ts';
import { servicesOf } from './services.ts';
import { commitChildren, revertChildren } from './swap-children.ts';
import { commitWhole, revertWhole } from './swap-part.ts';
import { readSwap, removeSwap, type SwapRecord, writeSwap } from './swap-record.ts';
import { stateOfSwap } from './swap-state.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

export async function commitSwap(
  context: LocalContext,
  operationId: string,
  names: readonly string[],
  quiet: Quiet,
): Promise<void> {
  const parts = names.map((name) => configuredPart(context.settings, name));
  await proveQuiet(context, quiet, parts);
  await asSwapFailure(async () => {
    const count = await withCharge(context, operationId, quiet, async () => {
      const record = (await readSwap(context, operationId)) ?? (await beginSwap(context, operationId, parts));
      return record.parts.length;
    });
    // One lock for each part: when the guard takes over in between, the next part finds that this quiet time is over.
    for (let index = 0; index < count; index += 1) {
      await withCharge(context, operationId, quiet, () => commitPart(context, operationId, index));
    }
  });
}

function withCharge<T>(context: LocalContext, operationId: string, quiet: Quiet, work: () => Promise<T>): Promise<T> {
  return context.lock.hold(async () => {
    await assertNotTakenOver(context, operationId);
    await assertSameQuiet(context, quiet);
    return work();
  });
}

async function commitPart(context: LocalContext, operationId: string, index: number): Promise<void> {
  const part = (await readSwap(context, operationId))?.parts[index];
  if (part?.way === 'whole') await commitWhole(part);
  if (part?.way !== 'children') return;
  await commitChildren(part);
  await noteCommitted(context, operationId, index, true);
}

async function noteCommitted(
  context: LocalContext,
  operationId: string,
  index: number,
  committed: boolean,
): Promise<void> {
  const record = await readSwap(context, operationId);
  if (!record) return;
  const parts = record.parts.map((part, at) =>
    at === index && part.way === 'children' ? { ...part, committed } : part,
  );
  await writeSwap(context, { ...record, parts });
}

export async function isSwapReverted(context: LocalContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (record) return (await stateOfSwap(record)) === 'previous';
  return (await keptSwap(context, operationId)) === undefined;
}

/** Nobody puts such a swap back unasked. */
export async function isSwapServed(context: LocalContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (record) return record.served && (await stateOfSwap(record)) === 'committed';
  return (await keptSwap(context, operationId)) !== undefined;
}

export async function revertSwap(context: LocalContext, operationId: string): Promise<void> {
  // Services are down, and are started next.
  await dropBallast(context);
  await asSwapFailure(() =>
    context.lock.hold(async () => {
      await assertGuardIsIdle(context);
      const kept = await keptSwap(context, operationId);
      if (kept) {
        await writeSwap(context, kept);
        await unkeep(context, operationId);
      }
      const record = await readSwap(context, operationId);
      if (!record) return;
      if ((await stateOfSwap(record)) !== 'previous') await putBack(context, record);
      await removeSwap(context, operationId);
    }),
  );
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
      if (part.way === 'children') await noteCommitted(context, record.operationId, index, false);
      await (part.way === 'whole' ? revertWhole(part) : revertChildren({ ...part, committed: false }));
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
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
