import { posix } from 'node:path';
import { z } from 'zod';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { recordsOf } from './ledger.ts';
import { placePath } from './names.ts';

/** One path of a part that is brought in alone. It is built in the very volume that it comes into: renames do not cross. */
export const ownPath = z.object({
  part: z.string(),
  within: z.string(),
  /** Of the part, as a Job that may write sees it. */
  root: z.string(),
  /** A folder of this operation in that root: `stage`, `displaced`, what was there and what came (`facts`). */
  at: z.string(),
});
export type OwnPath = z.infer<typeof ownPath>;

export const pathSwap = ownPath.extend({
  /** Among all that the operation brings in. */
  position: z.number(),
  /** What is renamed to the path: of an undo, what an earlier operation displaced. */
  incoming: z.string(),
  /** False where an undo takes away what was not there before. */
  brings: z.boolean(),
  /** Something was displaced; known once it was swapped. */
  had: z.boolean().optional(),
});
export type PathSwap = z.infer<typeof pathSwap>;

/**
 * Section `paths` of an operation: its folders in live volumes, written before the first is made and forgotten when those are
 * gone that no later life needs.
 */
const SECTION = 'paths';

export async function readOwnPaths(context: KubeContext, operationId: string): Promise<OwnPath[]> {
  return (await recordsOf(context).read(operationId, SECTION, z.array(ownPath))) ?? [];
}

export async function writeOwnPaths(
  context: KubeContext,
  operationId: string,
  paths: readonly OwnPath[],
): Promise<void> {
  const own = paths.map(({ part, within, root, at }) => ({ part, within, root, at }));
  await recordsOf(context).write(operationId, SECTION, own);
}

export async function forgetOwnPaths(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, SECTION);
}

/** No path of the backup can have such a name: neither the mover nor a walk touches what begins so in the root of a part. */
export function ownPathOf(operationId: string, part: FoundPart, within: string, position: number): OwnPath {
  const root = rootOf(part);
  return { part: part.name, within, root, at: `${root}/.cml-${operationId}-path-${position}` };
}

/** The volume of a folder that is served in the workspace is written itself: its server is down when paths are swapped. */
function rootOf({ name, backing }: FoundPart): string {
  if (backing === undefined) return placePath({ life: 'live', part: name });
  return posix.join(placePath({ life: 'beside', part: name }), backing.within);
}

export function stageOf({ at }: Pick<OwnPath, 'at'>): string {
  return `${at}/stage`;
}

/** What stands there once a swap is committed and something was displaced. */
export function displacedOf({ at }: Pick<OwnPath, 'at'>): string {
  return `${at}/displaced`;
}

/** What it displaced, as a place that another operation may bring in. */
export function displacedPathOf(swap: PathSwap): StagedPart {
  return { part: swap.part, within: swap.within, path: displacedOf(swap) };
}

/** Puts what belongs to paths back to where it stood among the whole parts. */
export function inOrder<T>(whole: readonly T[], paths: readonly PathSwap[], make: (path: PathSwap) => T): T[] {
  const all = [...whole];
  for (const path of [...paths].sort((one, other) => one.position - other.position))
    all.splice(path.position, 0, make(path));
  return all;
}
