import { dirname } from 'node:path/posix';
import { type FakeSwap, type FakeUnit, partOf, type Tree, type World } from './world.ts';

/** What every live place is, all together: from before the swap, swapped in, or anything in between. */
export function readSwap(world: World, swap: FakeSwap | undefined = world.swap): 'previous' | 'committed' | 'mixed' {
  if (!swap) return world.parts.every(({ path }) => world.trees.has(path)) ? 'previous' : 'mixed';
  const states = new Set(swap.units.map((unit) => readUnit(world, unit)));
  const [only] = states;
  return states.size <= 1 && only !== 'missing' ? (only ?? 'previous') : 'mixed';
}

/** Once it has come, services may do with it what they like. */
function readUnit(world: World, unit: FakeUnit): 'previous' | 'committed' | 'missing' {
  const isAway = unit.was === undefined || world.trees.has(unit.displaced);
  if (unit.hasCome) return isAway ? 'committed' : 'missing';
  return isThere(world, unit) === (unit.was !== undefined) ? 'previous' : 'missing';
}

/** Its services were all up on what was swapped in, or what it displaced is kept. */
export function isServed(world: World, operationId: string): boolean {
  if (world.swap?.operationId === operationId) return world.swap.served && readSwap(world) === 'committed';
  return world.displaced.some((entry) => entry.operationId === operationId);
}

/** The two renames that swap one place in; each does nothing when it was done. */
export const renamesIn = [
  (world: World, unit: FakeUnit) => {
    if (unit.was === undefined || world.trees.has(unit.displaced)) return;
    world.trees.set(unit.displaced, takeLive(world, unit));
  },
  (world: World, unit: FakeUnit) => {
    if (unit.hasCome) return;
    if (unit.comes !== undefined) putLive(world, unit, take(world, unit.stage), unit.comes);
    unit.hasCome = true;
  },
] as const;

/** The two renames that put one place back. */
export const renamesBack = [
  (world: World, unit: FakeUnit) => {
    if (!unit.hasCome) return;
    const taken = isThere(world, unit) ? takeLive(world, unit) : undefined;
    if (taken && unit.comes !== undefined) world.trees.set(unit.stage, taken);
    unit.hasCome = false;
  },
  (world: World, unit: FakeUnit) => {
    if (unit.was === undefined || !world.trees.has(unit.displaced)) return;
    putLive(world, unit, take(world, unit.displaced), unit.was);
  },
] as const;

export function undoSwapOf(world: World, swap: FakeSwap): void {
  for (const unit of swap.units) for (const rename of renamesBack) rename(world, unit);
}

interface Place {
  readonly part: string;
  readonly within?: string | undefined;
}

/** Whether a folder, a file or nothing stands at a live place. */
export function kindOf(world: World, { part, within }: Place): 'folder' | 'file' | undefined {
  const tree = world.trees.get(partOf(world, part).path);
  if (!tree || within === undefined) return tree && 'folder';
  if (tree.has(within)) return 'file';
  return [...tree.keys()].some((name) => name.startsWith(`${within}/`)) ? 'folder' : undefined;
}

export function holdsParentOf(world: World, { part, within }: Place): boolean {
  if (within === undefined) return true;
  const parent = dirname(within);
  return kindOf(world, parent === '.' ? { part } : { part, within: parent }) === 'folder';
}

function isThere(world: World, place: Place): boolean {
  return kindOf(world, place) !== undefined;
}

/** Takes away what is live; a single file is a tree of one name. */
function takeLive(world: World, { part, within }: Place): Tree {
  const { path } = partOf(world, part);
  if (within === undefined) return take(world, path);
  const live = world.trees.get(path) ?? new Map<string, string>();
  const taken: Tree = new Map();
  for (const [name, text] of [...live]) {
    if (name !== within && !name.startsWith(`${within}/`)) continue;
    live.delete(name);
    const inner = name === within ? nameOf(within) : name.slice(within.length + 1);
    if (inner !== '') taken.set(inner, text);
  }
  return taken;
}

function putLive(world: World, { part, within }: Place, tree: Tree, kind: 'folder' | 'file'): void {
  const { path } = partOf(world, part);
  if (within === undefined) {
    world.trees.set(path, tree);
    return;
  }
  const live = world.trees.get(path);
  if (!live) throw new Error(`no live tree of ${part}`);
  if (kind === 'file') {
    live.set(within, tree.get(nameOf(within)) ?? '');
    return;
  }
  live.set(`${within}/`, ''); // an empty folder is there as well
  for (const [name, text] of tree) live.set(`${within}/${name}`, text);
}

function take(world: World, path: string): Tree {
  const tree = world.trees.get(path);
  if (!tree) throw new Error(`nothing at ${path} to rename`);
  world.trees.delete(path);
  return tree;
}

const nameOf = (within: string) => within.slice(within.lastIndexOf('/') + 1);
