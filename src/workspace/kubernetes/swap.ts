import { AppError, OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import { beginSwap } from './begin-swap.ts';
import { assertUnmounted, bindClaim, fenceClaim, removeClaim } from './bind-claim.ts';
import { ClusterRefusal, isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { readEntry, reopen } from './displaced.ts';
import { CLAIM } from './kinds.ts';
import { assertSameQuiet, proveQuiet } from './quiet.ts';
import { wasServed } from './served.ts';
import { giveUpSwap } from './settle-volumes.ts';
import { commitPaths, revertPaths } from './swap-paths.ts';
import { type ClaimSwap, readSwap, type SwapRecord } from './swap-record.ts';
import { stateOfClaim, stateOfSwap } from './swap-state.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

/**
 * Moves the names of the live claims to the staged volumes, all parts at once. What stands in the cluster tells at any
 * instant how far it came.
 * @throws OperationError `swap-failed`, `not-quiet`.
 */
export async function commitSwap(
  context: KubeContext,
  operationId: string,
  staged: readonly StagedPart[],
  quiet: Quiet,
): Promise<void> {
  await assertNotTakenOver(context, operationId);
  await proveQuiet(
    context,
    quiet,
    staged.map(({ part }) => ({ name: part })),
  );
  await asSwapFailure(async () => {
    const record = (await readSwap(context, operationId)) ?? (await beginSwap(context, operationId, staged));
    // Released by its own claim first, a staged volume is free for the live one.
    await allOf(
      record.parts.map(async ({ staged: { claim } }) => {
        if (claim) await removeClaim(context, claim.name, claim.uid);
      }),
    );
    await allOf(record.parts.map((part) => commitPart(context, operationId, part, quiet)));
    await commitPaths(context, operationId, record, quiet);
  });
}

const TRIES = 10;

async function commitPart(context: KubeContext, operationId: string, part: ClaimSwap, quiet: Quiet): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const claim = await context.cluster.read(CLAIM, part.claim, context.namespace);
    const state = await stateOfClaim(context, part);
    if (state === 'committed') return;
    if (state === 'unknown') throw moved(part);
    // The guard may have taken over: it puts back, and whoever comes after it must leave the claims alone. What is under
    // way when it does so is refused: it changes every claim that it finds in its place.
    await assertNotTakenOver(context, operationId);
    await assertSameQuiet(context, quiet);
    try {
      await removeClaim(context, part.claim, part.previous.claimUid, claim?.metadata?.resourceVersion);
      return await bindClaim(context, part.staged.manifest, part.staged);
    } catch (error) {
      if (!isRefusal(error, 'Conflict') || tries === TRIES) throw error;
    }
  }
}

export async function isSwapReverted(context: KubeContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (record) return (await stateOfSwap(context, record)) === 'previous';
  return (await readEntry(context, operationId)) === undefined;
}

/** Nobody puts such a swap back unasked. */
export async function isSwapServed(context: KubeContext, operationId: string): Promise<boolean> {
  const record = await readSwap(context, operationId);
  if (!record) return (await readEntry(context, operationId)) !== undefined;
  return (await wasServed(context, operationId)) && (await stateOfSwap(context, record)) === 'committed';
}

/**
 * Brings every live claim back to the volume that it had, from wherever a swap stands. Call only while services are stopped.
 * @throws OperationError `swap-failed`: data is of unknown state.
 */
export async function revertSwap(context: KubeContext, operationId: string): Promise<void> {
  await assertGuardIsIdle(context, operationId);
  await asSwapFailure(async () => {
    const kept = await readEntry(context, operationId);
    if (kept) await reopen(context, kept);
    const record = await readSwap(context, operationId);
    if (!record) return;
    await allOf([revertClaims(context, record), revertPaths(context, record)]);
    await giveUpSwap(context, record);
  });
}

async function revertClaims(context: KubeContext, record: SwapRecord): Promise<void> {
  const claims = { ...record, paths: [] };
  for (let tries = 1; !(await isFenced(context, claims)); tries += 1) {
    if (tries > TRIES) throw new OperationError('swap-failed', 'somebody else moves the same claims again and again');
    await putBack(context, claims);
  }
}

/** Every part is the previous one, and what an overtaken life of ours still has under way cannot change that any more. */
async function isFenced(context: KubeContext, record: SwapRecord): Promise<boolean> {
  if ((await stateOfSwap(context, record)) !== 'previous') return false;
  await allOf(record.parts.map(({ claim }) => fenceClaim(context, claim, record.operationId)));
  return (await stateOfSwap(context, record)) === 'previous';
}

/** Every part is tried, so that one that cannot be put back leaves as few others as possible to be put back by hand. */
async function putBack(context: KubeContext, { parts }: SwapRecord): Promise<void> {
  await assertUnmounted(
    context,
    parts.map(({ claim }) => claim),
  );
  await allOf(parts.map((part) => putPartBack(context, part)));
}

async function putPartBack(context: KubeContext, part: ClaimSwap): Promise<void> {
  const { cluster, namespace } = context;
  const state = await stateOfClaim(context, part);
  if (state === 'previous') return;
  if (state === 'unknown') throw moved(part);
  const claim = await cluster.read(CLAIM, part.claim, namespace);
  const isComing =
    claim?.spec?.volumeName === part.previous.volume &&
    claim.status?.phase === 'Pending' &&
    claim.metadata?.deletionTimestamp === undefined;
  if (claim && !isComing) await removeClaim(context, part.claim, claim.metadata?.uid ?? '');
  await bindClaim(context, part.previous.manifest, part.previous);
}

function moved({ part, claim, previous }: ClaimSwap): OperationError {
  return new OperationError('swap-failed', `${part} is not as its swap left it: somebody else moved its claim`, {
    hint: `look at the claim ${claim}; what was live before is the volume ${previous.volume}`,
  });
}

/** All are awaited before the first failure is told. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Whatever the cluster says in here, the answer is the same: the swap failed and data may stand half-way. */
async function asSwapFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError || !(cause instanceof ClusterRefusal)) throw cause;
    throw new OperationError('swap-failed', `moving the data failed: ${cause.message}`, {
      cause,
      hint: 'live data may stand half-way; nothing is started until it was put back',
    });
  }
}
