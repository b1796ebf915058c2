import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperationError } from '../../src/errors.ts';
import type { DefinitionFile, WorkspacePlatform } from '../../src/workspace/platform.ts';
import type { StagedPart, StageWish } from '../../src/workspace/swaps.ts';
import type { Effect } from './mortal.ts';
import { holdsParentOf, isServed, kindOf, readSwap, renamesBack, renamesIn } from './swap.ts';
import {
  assertNotTakenOver,
  assertQuiet,
  displacedPath,
  type FakeDisplaced,
  type FakeSwap,
  type FakeUnit,
  runs,
  stagedPath,
  type World,
} from './world.ts';

type Swaps = Pick<
  WorkspacePlatform,
  | 'stage'
  | 'stageDisplaced'
  | 'commit'
  | 'isReverted'
  | 'isServed'
  | 'revert'
  | 'keepDisplaced'
  | 'displaced'
  | 'dropDisplaced'
>;

const WEEK = 7 * 24 * 3_600_000;

export function swaps(world: World, effect: Effect): Swaps {
  return {
    ...stages(world, effect),
    ...keeps(world, effect),
    async commit(operationId, staged, quiet) {
      const swap = await effect('platform.commit begins', () => {
        assertNotTakenOver(world, operationId);
        assertQuiet(world, quiet.token);
        return beginSwap(world, operationId, staged);
      });
      for (const unit of swap.units) {
        for (const rename of renamesIn) {
          const swapIn = () => {
            assertQuiet(world, quiet.token); // somebody may have started services while this waited
            rename(world, unit);
          };
          await effect(`platform.commit ${placeOf(unit)}`, swapIn);
        }
      }
    },
    isReverted: (operationId) =>
      effect('platform.isReverted', () =>
        world.swap?.operationId === operationId ? readSwap(world) === 'previous' : !entryOf(world, operationId),
      ),
    isServed: (operationId) => effect('platform.isServed', () => isServed(world, operationId)),
    async revert(operationId) {
      const swap = await effect('platform.revert begins', () => reopen(world, operationId));
      if (!swap) return;
      for (const unit of swap.units) {
        for (const rename of renamesBack) {
          const putBack = () => {
            if (runs(world)) throw new OperationError('swap-failed', 'Services run.');
            rename(world, unit);
          };
          await effect(`platform.revert ${placeOf(unit)}`, putBack);
        }
      }
      await effect('platform.revert ends', () => {
        world.swap = undefined;
      });
    },
  };
}

const placeOf = ({ part, within }: { part: string; within?: string | undefined }) =>
  within === undefined ? part : `${part}/${within}`;

const entryOf = (world: World, operationId: string) =>
  world.displaced.find((entry) => entry.operationId === operationId);

function stages(world: World, effect: Effect): Pick<WorkspacePlatform, 'stage' | 'stageDisplaced'> {
  return {
    async stage(operationId, wishes) {
      await effect('platform.stage looks', () => refuseWishes(world, wishes));
      const staged: StagedPart[] = [];
      for (const { part, within, is } of wishes) {
        const path = stagedPath(operationId, placeOf({ part, within }));
        await effect(`platform.stage ${placeOf({ part, within })}`, () => {
          if (!world.trees.has(path)) world.trees.set(path, new Map());
        });
        staged.push({ part, ...(within === undefined ? {} : { within }), ...(is ? { is } : {}), path });
      }
      return staged;
    },
    stageDisplaced: (_operationId, fromOperationId) =>
      effect('platform.stageDisplaced', () => {
        const entry = entryOf(world, fromOperationId);
        const isWhole = entry?.units.every(({ was, displaced }) => !was || world.trees.has(displaced));
        if (!entry || entry.isDropping || !isWhole) {
          throw new OperationError('part-missing', `What ${fromOperationId} displaced is not kept any more.`);
        }
        for (const unit of entry.units) if (!holdsParentOf(world, unit)) throw noFolder(unit);
        if (entry.units.every((unit) => !unit.was && !kindOf(world, unit))) {
          throw new OperationError('part-missing', `What ${fromOperationId} brought is gone already.`);
        }
        return partsOf(entry);
      }),
  };
}

function refuseWishes(world: World, wishes: readonly StageWish[]): void {
  for (const wish of wishes) {
    if (wish.within?.split('/').some((name) => /^\.{0,2}$/.test(name))) {
      throw new OperationError('preflight-failed', `"${wish.within}" is not a path within a part.`);
    }
    if (!holdsParentOf(world, wish)) throw noFolder(wish);
  }
  const places = wishes.map((wish) => `${placeOf(wish)}/`);
  const isNested = places.some((place, at) => places.some((other, index) => index !== at && place.startsWith(other)));
  if (isNested) throw new OperationError('preflight-failed', 'One of the paths lies inside another.');
}

function noFolder(place: { part: string; within?: string | undefined }): OperationError {
  return new OperationError('preflight-failed', `The folder that holds ${placeOf(place)} is not there.`);
}

function beginSwap(world: World, operationId: string, staged: readonly StagedPart[]): FakeSwap {
  if (world.swap && world.swap.operationId !== operationId) settleOther(world, world.swap);
  if (world.swap) return world.swap;
  const undone = world.displaced.find(({ units }) => units.some(({ displaced }) => displaced === staged[0]?.path));
  const units = staged.map((place) => describeUnit(world, operationId, place, undone));
  world.swap = {
    operationId,
    units: units.filter(({ was, comes }) => was ?? comes),
    served: false,
    ...(undone ? { undoes: undone.operationId } : {}),
  };
  return world.swap;
}

function describeUnit(world: World, operationId: string, place: StagedPart, undone?: FakeDisplaced): FakeUnit {
  const { part, within, is, path } = place;
  const earlier = undone?.units.find(({ displaced }) => displaced === path);
  const comes = undone ? earlier?.was : (is ?? 'folder');
  const isMissing = (undone !== undefined && !earlier) || undone?.isDropping || (comes && !world.trees.has(path));
  if (isMissing) throw new OperationError('swap-failed', `Nothing is staged for ${placeOf(place)}.`);
  if (!holdsParentOf(world, place)) throw new OperationError('swap-failed', `No folder holds ${placeOf(place)}.`);
  const displaced = displacedPath(operationId, placeOf(place));
  return { part, within, stage: path, displaced, was: kindOf(world, place), comes };
}

/** What an operation left that ended before it could settle its swap: harmless when untouched or served. */
function settleOther(world: World, other: FakeSwap): void {
  const state = readSwap(world, other);
  if (state === 'committed' && other.served) {
    keep(world, other, new Date(world.time.now() + WEEK).toISOString());
  } else if (state !== 'previous') {
    throw new OperationError('swap-failed', `The swap of ${other.operationId} is not settled yet.`);
  }
  world.swap = undefined;
}

/** The swap to put back; one whose displaced data is kept already is opened again. */
function reopen(world: World, operationId: string): FakeSwap | undefined {
  if (world.swap?.operationId === operationId) return world.swap;
  const entry = entryOf(world, operationId);
  if (!entry) return undefined;
  if (entry.isDropping || entry.isUndo) throw new OperationError('swap-failed', 'It cannot be put back any more.');
  world.swap = { operationId, units: entry.units, served: false };
  world.displaced.splice(world.displaced.indexOf(entry), 1);
  return world.swap;
}

type Keeps = Pick<WorkspacePlatform, 'keepDisplaced' | 'displaced' | 'dropDisplaced'>;

function keeps(world: World, effect: Effect): Keeps {
  return {
    async keepDisplaced(operationId, until, definition) {
      const isOurs = world.swap?.operationId === operationId;
      if (!isOurs && !entryOf(world, operationId)) return [];
      const copy = await effect('platform.keepDisplaced definition', () => copyOf(world, operationId, definition));
      const places = await effect('platform.keepDisplaced', () => {
        const known = entryOf(world, operationId);
        if (known || world.swap?.operationId !== operationId) return known?.places ?? [];
        return keep(world, world.swap, until, copy);
      });
      await effect('platform.keepDisplaced ends', () => {
        if (world.swap?.operationId === operationId) world.swap = undefined;
      });
      return [...places];
    },
    displaced: () =>
      effect('platform.displaced', () =>
        world.displaced
          .filter(({ isDropping }) => !isDropping)
          .map((entry) => {
            const { operationId, until, definition } = entry;
            return { operationId, until, parts: partsOf(entry), ...(definition ? { definition } : {}) };
          }),
      ),
    async dropDisplaced(now, held = []) {
      const over = world.displaced.filter(({ operationId, until }) => {
        const isNeeded = world.swap?.operationId === operationId || world.swap?.undoes === operationId;
        return Date.parse(until) <= Date.parse(now) && !held.includes(operationId) && !isNeeded;
      });
      for (const entry of over) {
        await effect('platform.dropDisplaced begins', () => Object.assign(entry, { isDropping: true }));
        await effect('platform.dropDisplaced', () => {
          for (const place of entry.places) world.trees.delete(place);
        });
        await effect('platform.dropDisplaced ends', () => forget(world, entry.operationId));
      }
      return over.flatMap(({ places }) => [...places]);
    },
  };
}

function partsOf({ units }: FakeDisplaced): StagedPart[] {
  return units.map(({ part, within, displaced }) => ({
    part,
    ...(within === undefined ? {} : { within }),
    path: displaced,
  }));
}

/** Keeps it, and gives up in the same write what an undone operation had kept: its places are live now. */
function keep(world: World, swap: FakeSwap, until: string, definition?: DefinitionFile): readonly string[] {
  if (readSwap(world, swap) !== 'committed') {
    throw new OperationError('unknown-data', `The swap of ${swap.operationId} is not complete.`);
  }
  const { operationId, units, undoes } = swap;
  const places = units.flatMap(({ was, displaced }) => (was ? [displaced] : []));
  const isUndo = undoes !== undefined;
  world.displaced.push({ operationId, until, places, units, isUndo, ...(definition ? { definition } : {}) });
  if (undoes) forget(world, undoes);
  return places;
}

function forget(world: World, operationId: string): void {
  const at = world.displaced.findIndex((entry) => entry.operationId === operationId);
  const [entry] = at < 0 ? [] : world.displaced.splice(at, 1);
  if (entry?.definition) rmSync(entry.definition.path, { force: true });
}

/** A real file of our own: the operation's folder may be gone by the time that it is needed. */
function copyOf(world: World, operationId: string, definition: DefinitionFile | undefined): DefinitionFile | undefined {
  if (!definition) return undefined;
  const path = join(world.folder, 'displaced', `${operationId}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, readFileSync(definition.path), { mode: 0o600 });
  return { ...definition, path };
}
