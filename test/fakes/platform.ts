import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError, PortError } from '../../src/errors.ts';
import type { RunningNote, WorkspacePlatform } from '../../src/workspace/platform.ts';
import { actAsGuard, putBackByHand } from './guard.ts';
import type { Effect } from './mortal.ts';
import { swaps } from './platform-swaps.ts';
import { readSwap } from './swap.ts';
import {
  assertNotTakenOver,
  assertQuiet,
  bringUp,
  bytesOf,
  type FakePart,
  partOf,
  runs,
  scratchPath,
  snapshotParts,
  snapshotPath,
  stagedPath,
  type World,
} from './world.ts';

/** A platform in memory. Every effect is broken into the parts between which a process can die. */
export function createFakePlatform(world: World, effect: Effect): WorkspacePlatform {
  return {
    capabilities: { cut: 'per-part', swap: 'rename', reader: 'child' },
    run: () => Promise.reject(new PortError('platform-unavailable', 'The fake platform runs no programs.')),
    prepareCut: (_operationId, _plan, { signal } = {}) => effect('platform.prepareCut', () => undefined, { signal }),
    prepare: () => Promise.reject(new PortError('platform-unavailable', 'The fake platform runs no programs.')),
    inspect: ({ count, since, signal } = {}) =>
      effect(
        'platform.inspect',
        () => ({
          release: world.release,
          services: [...world.services].map(([name, { up, ready }]) => ({ name, running: up, ready })),
          parts: world.parts.map((part) => inspectPart(world, part, count ?? false, since)),
          leftOut: [],
          warnings: [],
          ...(world.workloads ? { workloads: world.workloads } : {}),
          ...(world.note ? { notedBy: world.note.operationId } : {}),
        }),
        { signal },
      ),
    ...definitions(world, effect),
    ...notesAndGuard(world, effect),
    ...stopAndStart(world, effect),
    ...cuts(world, effect),
    ...swaps(world, effect),
    ...inPlaces(world, effect),
    ...scratches(world, effect),
    release: (operationId) => release(world, effect, operationId),
  };
}

function inspectPart(world: World, part: FakePart, count: boolean, since: string | undefined) {
  const tree = world.trees.get(part.path);
  const { name, kind, location, capture, path } = part;
  const counted = tree && count ? { files: tree.size, bytes: bytesOf(tree) } : { files: 0, bytes: 0 };
  const plan = { name, kind, location, path, capture, reason: 'as this world is made', exclude: [], ...counted };
  const possible = ['snapshot', 'two-pass', 'cold', 'after-start'] as const;
  // Trees keep no times: everything in them was written by now.
  const isPast = since !== undefined && Date.parse(since) < world.time.now();
  const written = since === undefined ? {} : { writtenSince: isPast ? (tree?.size ?? 0) : 0 };
  const lies = world.storageClass === undefined ? {} : { storageClass: world.storageClass };
  return {
    ...plan,
    ...written,
    ...lies,
    freeBytes: world.freeBytes,
    fileSystem: 'all',
    possible,
    present: tree !== undefined,
  };
}

function definitions(world: World, effect: Effect): Pick<WorkspacePlatform, 'captureDefinition' | 'applyDefinition'> {
  return {
    captureDefinition(folder) {
      const path = join(folder, 'definition.json');
      const write = (text: string) => {
        mkdirSync(folder, { recursive: true });
        writeFileSync(path, text);
      };
      const capture = () => {
        write(world.definition);
        const sha256 = createHash('sha256').update(world.definition).digest('hex');
        return { path, sha256, release: world.release };
      };
      return effect('platform.captureDefinition', capture, { half: () => write(world.definition.slice(0, 4)) });
    },
    applyDefinition: (path) =>
      effect('platform.applyDefinition', () => {
        if (!existsSync(path)) throw new PortError('platform-unavailable', `There is no definition ${path}.`);
        world.definition = readFileSync(path, 'utf8');
      }),
  };
}

function notesAndGuard(
  world: World,
  effect: Effect,
): Pick<WorkspacePlatform, 'noteRunning' | 'readNote' | 'armGuard' | 'disarmGuard' | 'putBack'> {
  return {
    async noteRunning(operationId) {
      const note = await effect('platform.noteRunning', () => {
        const standing = world.note;
        if (standing && standing.operationId !== operationId) {
          throw new OperationError('plan-changed', `${standing.operationId} has stopped services.`);
        }
        world.note = standing ?? lookAtServices(world, operationId);
        return world.note;
      });
      for (const { name } of note.services) {
        await effect(`platform.noteOn ${name}`, () =>
          Object.assign(world.services.get(name) ?? {}, { stoppedBy: operationId }),
        );
      }
      return structuredClone(note);
    },
    readNote: () => effect('platform.readNote', () => structuredClone(world.note)),
    armGuard(note, actsAt, putBack) {
      const arm = (sleeps: boolean) => () => {
        world.guard = { operationId: note.operationId, actsAt, note: structuredClone(note), putBack, sleeps };
        if (!sleeps) world.time.alarm(Date.parse(actsAt), () => world.guard?.actsAt === actsAt && actAsGuard(world));
      };
      return effect('platform.armGuard', arm(false), { half: arm(true) });
    },
    disarmGuard: (operationId) =>
      effect('platform.disarmGuard', () => {
        if (world.guard?.operationId === operationId) delete world.guard;
      }),
    putBack: (note) => effect('platform.putBack', () => putBackByHand(world, note)),
  };
}

function lookAtServices(world: World, operationId: string): RunningNote {
  const services = [...world.services].flatMap(([name, { up, ready }]) => (up ? [{ name, ready }] : []));
  return { operationId, notedAt: new Date(world.time.now()).toISOString(), services };
}

function stopAndStart(world: World, effect: Effect): Pick<WorkspacePlatform, 'stop' | 'proveQuiet' | 'start'> {
  return {
    async stop(note, { signal, workloads } = {}) {
      const { operationId } = note;
      world.workloadsWish = workloads;
      const standing = await effect(
        'platform.stop looks',
        () => {
          if (runs(world)) assertNotTakenOver(world, operationId);
          if (world.quiet?.operationId === operationId && !runs(world)) return world.quiet;
          world.quiet = undefined;
          // Stopped again, what was swapped in is not confirmed any more: the guard has to put it back.
          if (world.swap?.operationId === operationId) world.swap.served = false;
          return undefined;
        },
        { signal },
      );
      if (standing) return standing;
      for (const [name, service] of world.services) {
        if (!note.services.some((noted) => noted.name === name)) continue;
        const stop = () => {
          const wereUp = note.services.every((noted) => world.services.get(noted.name)?.up);
          if (wereUp && !world.swap) world.stops.push(world.time.now());
          Object.assign(service, { up: false, ready: false });
        };
        await effect(`platform.stop ${name}`, stop, { signal });
      }
      return effect('platform.stop ends', () => beginQuiet(world, operationId));
    },
    proveQuiet: (quiet, parts) =>
      effect('platform.proveQuiet', () => {
        assertQuiet(world, quiet.token);
        const held = parts.find(({ name }) => world.writers.has(name));
        if (held) throw new OperationError('not-quiet', `${world.writers.get(held.name)} writes into ${held.name}.`);
      }),
    async start(note, { signal } = {}) {
      await effect('platform.start looks', () => assertKnown(world), { signal });
      for (const [name, service] of [...world.services].reverse()) {
        const noted = note.services.find((candidate) => candidate.name === name);
        if (!noted) continue;
        await effect(`platform.start ${name}`, () => bringUp(world, service), { signal });
        await effect(`platform.start awaits ${name}`, () => Object.assign(service, { ready: noted.ready }), { signal });
      }
      await effect('platform.start ends', () => {
        if (world.swap) world.swap.served = true;
        for (const service of world.services.values())
          if (service.stoppedBy === note.operationId) delete service.stoppedBy;
      });
      await effect('platform.start forgets the note', () => {
        if (world.note?.operationId === note.operationId) world.note = undefined;
      });
      return { readyAt: new Date(world.time.now()).toISOString(), services: note.services.map(({ name }) => name) };
    },
  };
}

function beginQuiet(world: World, operationId: string) {
  if (runs(world)) throw new OperationError('not-quiet', 'Services were started.');
  world.made += 1;
  const stoppedAt = new Date(world.time.now()).toISOString();
  world.quiet = { operationId, token: `quiet-${world.made}`, stoppedAt };
  world.quietTicks.push(Math.max(...world.parts.map(({ path }) => Number(world.trees.get(path)?.get('log')))));
  return world.quiet;
}

function assertKnown(world: World): void {
  if (world.inPlace?.state === 'writing')
    throw new OperationError('unknown-data', 'Live parts are being written in place.');
  if (readSwap(world) === 'mixed') throw new OperationError('unknown-data', 'Data is of unknown state.');
  world.quiet = undefined;
}

function cuts(world: World, effect: Effect): Pick<WorkspacePlatform, 'snapshot' | 'warmUp'> {
  return {
    async snapshot(operationId, plan, quiet, { signal } = {}) {
      const snapshots = [];
      for (const part of snapshotParts(plan)) {
        const path = snapshotPath(part);
        const takenAt = new Date(world.time.now()).toISOString();
        const make = () => {
          assertQuiet(world, quiet.token);
          world.trees.set(path, new Map(world.trees.get(partOf(world, part).path)));
          world.snapshots.set(path, { operationId, takenAt });
        };
        const half = () => {
          world.snapshots.set(path, { operationId, takenAt });
        };
        await effect(`platform.snapshot ${part}`, make, { signal, half });
        snapshots.push({ part, path, takenAt });
      }
      return snapshots;
    },
    warmUp: (_operationId, _parts, _folder, { signal } = {}) => effect('platform.warmUp', () => undefined, { signal }),
  };
}

function inPlaces(world: World, effect: Effect): Pick<WorkspacePlatform, 'beginInPlace' | 'endInPlace' | 'inPlace'> {
  return {
    beginInPlace: (operationId, parts, quiet) =>
      effect('platform.beginInPlace', () => {
        assertNotTakenOver(world, operationId);
        assertQuiet(world, quiet.token);
        if (world.inPlace?.state === 'writing' && world.inPlace.operationId !== operationId) {
          throw new OperationError('unknown-data', `${world.inPlace.operationId} has not finished writing in place.`);
        }
        const places = parts.map((part) => ({ part, path: world.parts.find(({ name }) => name === part)?.path ?? '' }));
        const missing = places.find(({ path }) => !world.trees.has(path));
        if (missing) throw new OperationError('part-missing', `${missing.part} is not there.`);
        endPrograms(world, operationId);
        world.inPlace = { operationId, state: 'writing' };
        return places;
      }),
    endInPlace: (operationId, state) =>
      effect('platform.endInPlace', () => {
        if (world.inPlace?.operationId !== operationId) return;
        world.inPlace = { operationId, state };
        if (world.guard?.tries) actAsGuard(world);
      }),
    inPlace: (operationId) =>
      effect('platform.inPlace', () => (world.inPlace?.operationId === operationId ? world.inPlace.state : undefined)),
  };
}

/** Free bytes where scratch places are made. */
const SCRATCH_ROOM = 1e9;

function scratches(world: World, effect: Effect): Pick<WorkspacePlatform, 'makeScratch' | 'runChecks' | 'countAtCut'> {
  return {
    async makeScratch(operationId, parts) {
      if (parts.reduce((sum, { bytes }) => sum + bytes, 0) > SCRATCH_ROOM) {
        throw new OperationError('preflight-failed', 'There is no room for it.');
      }
      const scratch = [];
      for (const { name } of parts) {
        const path = scratchPath(operationId, name);
        await effect(`platform.makeScratch ${name}`, () => world.trees.set(path, new Map()));
        scratch.push({ part: name, path });
      }
      return scratch;
    },
    async runChecks(_operationId, scratch, _folder, { signal } = {}) {
      const trees = scratch.map(({ path }) => world.trees.get(path) ?? new Map<string, string>());
      for (const [name, accepts] of world.checks) {
        const look = () => {
          if (!accepts(trees)) throw new OperationError('check-failed', `The check ${name} does not accept it.`);
        };
        await effect(`platform.runCheck ${name}`, look, { signal });
      }
      const files = trees.reduce((sum, { size }) => sum + size, 0);
      return [...world.checks.keys()].map((check) => ({ check, counts: { files } }));
    },
    countAtCut: (_operationId, moment, _folder, { signal } = {}) =>
      effect(
        `platform.countAtCut ${moment}`,
        () => {
          const trees = world.parts.map(({ path }) => world.trees.get(path)?.size ?? 0);
          const files = trees.reduce((sum, size) => sum + size, 0);
          return world.counting.map((check) => ({ check, counts: { files } }));
        },
        { signal },
      ),
  };
}

function endPrograms(world: World, operationId: string): void {
  for (const key of world.programs.keys()) if (key.includes(operationId)) world.programs.delete(key);
}

async function release(world: World, effect: Effect, operationId: string): Promise<void> {
  await effect('platform.release programs', () => endPrograms(world, operationId));
  for (const [path, snapshot] of world.snapshots) {
    if (snapshot.operationId !== operationId) continue;
    await effect('platform.release snapshot', () => {
      world.trees.delete(path);
      world.snapshots.delete(path);
    });
  }
  for (const path of world.trees.keys()) {
    if (!path.startsWith(scratchPath(operationId, ''))) continue;
    await effect('platform.release scratch', () => world.trees.delete(path));
  }
  if (world.inPlace?.operationId === operationId && world.inPlace.state !== 'writing') {
    await effect('platform.release in place', () => {
      world.inPlace = undefined;
    });
  }
  const isOurs = world.swap?.operationId === operationId;
  if (isOurs && readSwap(world) !== 'previous') return;
  for (const path of world.trees.keys()) {
    if (!path.startsWith(stagedPath(operationId, ''))) continue;
    await effect(`platform.release stage`, () => world.trees.delete(path));
  }
  if (!isOurs) return;
  await effect('platform.release swap', () => {
    world.swap = undefined;
  });
}
