import { z } from 'zod';
import type { KubeContext } from './context.ts';
import { recordsOf } from './ledger.ts';
import { pathSwap } from './path-record.ts';

/** A volume, told from another of the same name by its uid. */
const volumeSide = z.object({ volume: z.string(), uid: z.string() });

/** What a claim is made anew from; without what binding it wrote. */
export const claimManifest = z.object({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({}),
});
export type ClaimManifest = z.infer<typeof claimManifest>;

/** One claim whose name moves from its present volume to another one. */
export const claimSwap = z.object({
  part: z.string(),
  /** The live claim. Of a folder that is served inside the workspace: the claim that holds its bytes. */
  claim: z.string(),
  previous: volumeSide.extend({ claimUid: z.string(), manifest: claimManifest }),
  /** Without `claim` it is offered by an undo: a volume that stands alone. */
  staged: volumeSide.extend({
    claim: z.object({ name: z.string(), uid: z.string() }).optional(),
    manifest: claimManifest,
  }),
  /** What the volume of the live claim is to have afterwards. */
  reclaim: z.string(),
});
export type ClaimSwap = z.infer<typeof claimSwap>;

/**
 * Section `swap` of an operation, written before the first claim is touched. With what stands in the cluster it says at any
 * instant, for every part, whether it is the previous one, in between, or the committed one. Gone when everything is back or
 * what was displaced is kept.
 */
export const swapRecord = z.object({
  operationId: z.string(),
  /** The operation whose displaced volumes are brought in. */
  undoes: z.string().optional(),
  parts: z.array(claimSwap),
  paths: z.array(pathSwap).default([]),
  /**
   * Of the paths, all together: between `begun` and `committed`, and from `reverting` on, only a look into the volumes would
   * tell how far it came, so it counts as half-way.
   */
  phase: z.enum(['begun', 'committed', 'reverting']).default('begun'),
});
export type SwapRecord = z.infer<typeof swapRecord>;

export async function readSwap(context: KubeContext, operationId: string): Promise<SwapRecord | undefined> {
  return recordsOf(context).read(operationId, 'swap', swapRecord);
}

export async function writeSwap(context: KubeContext, record: SwapRecord): Promise<void> {
  await recordsOf(context).write(record.operationId, 'swap', record);
}

export async function forgetSwap(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, 'swap');
}

export async function listSwaps(context: KubeContext): Promise<SwapRecord[]> {
  const operations = await recordsOf(context).having('swap');
  const records = await Promise.all(operations.map((operationId) => readSwap(context, operationId)));
  return records.filter((record) => record !== undefined);
}
