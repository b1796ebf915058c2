import { displacedPath, type FakeSwap, partOf, stagedPath, type World } from './world.ts';

/** What every live part is, all together: from before the swap, swapped in, or anything in between. */
export function readSwap(world: World, swap: FakeSwap | undefined = world.swap): 'previous' | 'committed' | 'mixed' {
  if (!swap) return world.parts.every(({ path }) => world.trees.has(path)) ? 'previous' : 'mixed';
  const states = new Set(swap.parts.map((part) => readPart(world, swap.operationId, part)));
  const [only] = states;
  return states.size <= 1 && only !== 'missing' ? (only ?? 'previous') : 'mixed';
}

function readPart(world: World, operationId: string, part: string): 'previous' | 'committed' | 'missing' {
  if (!world.trees.has(partOf(world, part).path)) return 'missing';
  return world.trees.has(displacedPath(operationId, part)) ? 'committed' : 'previous';
}

/** Its services were all up on what was swapped in, or what it displaced is kept. */
export function isServed(world: World, operationId: string): boolean {
  if (world.swap?.operationId === operationId) return world.swap.served && readSwap(world) === 'committed';
  return world.displaced.some((entry) => entry.operationId === operationId);
}

/** The two renames that swap one part in; each does nothing when it was done. */
export const renamesIn = [
  (world: World, operationId: string, part: string) => {
    if (world.trees.has(displacedPath(operationId, part))) return;
    rename(world, partOf(world, part).path, displacedPath(operationId, part));
  },
  (world: World, operationId: string, part: string) => {
    if (world.trees.has(partOf(world, part).path)) return;
    rename(world, stagedPath(operationId, part), partOf(world, part).path);
  },
] as const;

/** The two renames that put one part back. */
export const renamesBack = [
  (world: World, operationId: string, part: string) => {
    if (readPart(world, operationId, part) !== 'committed') return;
    rename(world, partOf(world, part).path, stagedPath(operationId, part));
  },
  (world: World, operationId: string, part: string) => {
    if (readPart(world, operationId, part) !== 'missing') return;
    rename(world, displacedPath(operationId, part), partOf(world, part).path);
  },
] as const;

export function undoSwapOf(world: World, swap: FakeSwap): void {
  for (const part of swap.parts) for (const rename of renamesBack) rename(world, swap.operationId, part);
}

function rename(world: World, from: string, to: string): void {
  const tree = world.trees.get(from);
  if (!tree) throw new Error(`nothing at ${from} to rename`);
  world.trees.delete(from);
  world.trees.set(to, tree);
}
