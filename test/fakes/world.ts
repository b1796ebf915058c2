import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../src/errors.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { BackupPlan } from '../../src/records/plan.ts';
import type { Capture } from '../../src/records/workspace.ts';
import type { DefinitionFile, Quiet, RunningNote, WorkloadsWish } from '../../src/workspace/platform.ts';
import { createFakeCatalogStore, type FakeCatalogStore } from './catalog.ts';
import { createFakeChatStore, type FakeChatStore } from './chat.ts';
import { createVirtualTime, type VirtualTime } from './clock.ts';
import { emptyRepository, type FakeRepository } from './mover.ts';

export type Tree = Map<string, string>;

export interface FakePart {
  readonly name: string;
  readonly kind: 'volume' | 'shared-folder';
  readonly location: 'internal' | 'external';
  readonly capture: Capture;
  readonly path: string;
}

export interface FakeService {
  up: boolean;
  ready: boolean;
  /** Age of the definition that it read when it was started. */
  startedWith: string;
  /** The note on the stopped object itself. */
  stoppedBy?: string;
}

/** One live place that is swapped: a whole part, or one path of it. */
export interface FakeUnit {
  readonly part: string;
  readonly within: string | undefined;
  readonly stage: string;
  readonly displaced: string;
  /** What stood there before; undefined: nothing. */
  readonly was: 'folder' | 'file' | undefined;
  /** What is brought in; undefined: an undo takes away what was not there before. */
  readonly comes: 'folder' | 'file' | undefined;
  hasCome?: boolean;
}

export interface FakeSwap {
  readonly operationId: string;
  readonly units: readonly FakeUnit[];
  /** The operation whose displaced data is brought in. */
  readonly undoes?: string;
  /** Services were started on what was swapped in: the guard does not take it back any more. */
  served: boolean;
}

export interface FakeDisplaced {
  readonly operationId: string;
  readonly until: string;
  readonly places: readonly string[];
  readonly units: readonly FakeUnit[];
  readonly definition?: DefinitionFile;
  /** What its swap brought in is no other operation's any more: there is nothing to put back to. */
  readonly isUndo: boolean;
  /** It is being removed: nobody can have it any more. */
  isDropping?: boolean;
}

/** A program near the data: it goes on when the process that began it is dead, and its result waits for who asks. */
export interface FakeProgram {
  next: number;
  readonly acts: readonly (() => unknown)[];
  isFollowed: () => boolean;
  result: unknown;
}

/** Everything that outlives a process. */
export interface World {
  readonly time: VirtualTime;
  /** A real folder: what is not data is kept in real files. */
  readonly folder: string;
  readonly parts: readonly FakePart[];
  /** In the order in which they are stopped. */
  readonly services: Map<string, FakeService>;
  /** Every tree of data by its path: live, staged, displaced, snapshots. */
  readonly trees: Map<string, Tree>;
  /** What people run in it; absent where the platform does not tell. */
  workloads?: { readonly kind: string; readonly owner?: string }[];
  /** What was wished for people's workloads at the last stop. */
  workloadsWish?: WorkloadsWish | undefined;
  /** The kind of storage that all parts lie on. */
  storageClass?: string;
  readonly snapshots: Map<string, { readonly operationId: string; readonly takenAt: string }>;
  readonly repository: FakeRepository;
  readonly programs: Map<string, FakeProgram>;
  readonly catalog: FakeCatalogStore;
  /** Journals as last saved; see `writeJournals`. */
  readonly journals: Map<string, Operation>;
  readonly chat: FakeChatStore;
  /** What the guard told people on its own. */
  readonly guardSaid: string[];
  /** When people were told that services stop, and when the first one was then told to. */
  readonly told: number[];
  readonly warned: string[];
  readonly displaced: FakeDisplaced[];
  /** Programs outside the workspace that hold a file of a part open for writing. */
  readonly writers: Map<string, string>;
  /** Paths that a copy cannot read. */
  readonly unreadable: Set<string>;
  readonly release: string;
  /** On the file system that holds all parts. */
  freeBytes: number;
  /** The workspace's own checks of what was brought back, by name. */
  readonly checks: Map<string, (trees: readonly Tree[]) => boolean>;
  /** Those of the checks that count files at each cut. */
  counting: string[];
  definition: string;
  note?: RunningNote | undefined;
  quiet?: Quiet | undefined;
  guard?: {
    operationId: string;
    actsAt: string;
    note: RunningNote;
    putBack?: DefinitionFile | undefined;
    sleeps: boolean;
    /** Its time has come, and it tries again and again. */
    tries?: boolean;
  };
  /** The operation whose services the guard has started. */
  takenOverBy?: string | undefined;
  swap?: FakeSwap | undefined;
  /** Live parts that are written in place: of unknown state while they are. */
  inPlace?: { readonly operationId: string; readonly state: 'writing' | 'restored' | 'previous' } | undefined;
  /** Grows with everything that happens; services write it into their data while they are up. */
  tick: number;
  /** The last tick written before each quiet time. */
  readonly quietTicks: number[];
  readonly stops: number[];
  /** What must never be seen at any moment. */
  readonly broken: Set<string>;
  made: number;
}

const START = '2026-03-01T12:00:00.000Z';

export interface WorldPlan {
  readonly folder: string;
  readonly parts: readonly FakePart[];
  /** Declared order; true: it runs. */
  readonly services: Readonly<Record<string, boolean>>;
}

export function createWorld({ folder, parts, services }: WorldPlan): World {
  return {
    time: createVirtualTime(START),
    folder,
    parts,
    services: new Map(Object.entries(services).map(([name, up]) => [name, { up, ready: up, startedWith: 'now' }])),
    trees: new Map(parts.map(({ name, path }) => [path, liveTree(name)])),
    snapshots: new Map(),
    repository: { ...emptyRepository(), exists: true },
    programs: new Map(),
    catalog: createFakeCatalogStore(),
    journals: new Map(),
    chat: createFakeChatStore(),
    guardSaid: [],
    told: [],
    warned: [],
    displaced: [],
    writers: new Map(),
    unreadable: new Set(),
    release: '1.4',
    freeBytes: 1e9,
    checks: new Map(),
    counting: [],
    definition: 'definition now',
    tick: 0,
    quietTicks: [],
    stops: [],
    broken: new Set(),
    made: 0,
  };
}

export function liveTree(part: string): Tree {
  return new Map([
    ['first', `now first ${part}`],
    ['last', `now last ${part}`],
    ['log', '0'],
  ]);
}

export function runs(world: World): boolean {
  return [...world.services.values()].some(({ up }) => up);
}

export function assertNotTakenOver(world: World, operationId: string): void {
  if (world.takenOverBy === operationId) throw new OperationError('not-quiet', 'The guard has taken over.');
}

export function assertQuiet(world: World, token: string): void {
  if (world.quiet?.token !== token || runs(world)) throw new OperationError('not-quiet', 'Services were started.');
}

/** One moment of the world: services that are up write, programs that nobody follows go on. */
export function beat(world: World): void {
  world.time.pass(1);
  world.tick += 1;
  for (const program of world.programs.values()) if (!program.isFollowed()) goOnAlone(program);
  if (!runs(world)) return;
  let age: string | undefined;
  const meets = (other: string) => {
    if (age !== undefined && age !== other) world.broken.add(`services ran on mixed data: ${age}, ${other}`);
    age = other;
  };
  for (const { up, startedWith } of world.services.values()) if (up) meets(startedWith);
  for (const { name, path } of world.parts) {
    const tree = world.trees.get(path);
    if (!tree) {
      world.broken.add(`services ran while ${name} was missing`);
      continue;
    }
    tree.set('log', String(world.tick));
    meets(ageOf(tree));
  }
}

export function advance(program: FakeProgram): unknown {
  const act = program.acts[program.next];
  program.next += 1;
  program.result = act?.();
  return program.result;
}

function goOnAlone(program: FakeProgram): void {
  if (program.next >= program.acts.length) return;
  try {
    const result = advance(program);
    if (result instanceof Promise) result.catch(() => undefined); // told to who adopts it
  } catch (error) {
    program.next = program.acts.length;
    program.result = Promise.reject(error);
    (program.result as Promise<never>).catch(() => undefined);
  }
}

/** `now`, `then`, or `torn` when it is neither wholly. */
export function ageOf(tree: Tree): string {
  const first = tree.get('first')?.slice(0, 4) ?? 'missing';
  const last = tree.get('last')?.slice(0, 4) ?? 'missing';
  return first === last ? first.trim() : 'torn';
}

export function ageOfDefinition({ definition }: World): string {
  return /^definition (now|then)$/.exec(definition)?.[1] ?? 'torn';
}

/** Does nothing to a service that runs already. */
export function bringUp(world: World, service: FakeService): void {
  if (!service.up) service.startedWith = ageOfDefinition(world);
  service.up = true;
}

/** What stands at a path; the operations' own folders are real ones. */
export function readTree(world: World, path: string): Tree | undefined {
  const tree = world.trees.get(path);
  if (tree || !path.startsWith(world.folder)) return tree && new Map(tree);
  if (!existsSync(path)) return undefined;
  return new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}

export function writeInto(world: World, path: string, name: string, text: string): void {
  const tree = world.trees.get(path);
  if (tree) tree.set(name, text);
  if (tree || !path.startsWith(world.folder)) return;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, name), text);
}

export function bytesOf(tree: Tree): number {
  return [...tree.values()].reduce((sum, text) => sum + text.length, 0);
}

export function stagedPath(operationId: string, part: string): string {
  return `/staged/${operationId}/${part}`;
}

export function displacedPath(operationId: string, part: string): string {
  return `/displaced/${operationId}/${part}`;
}

export function scratchPath(operationId: string, part: string): string {
  return `/scratch/${operationId}/${part}`;
}

export function snapshotPath(part: string): string {
  return `/snap/${part}`;
}

export function partOf(world: World, name: string): FakePart {
  const part = world.parts.find((candidate) => candidate.name === name);
  if (!part) throw new Error(`no part "${name}" in this world`);
  return part;
}

export function snapshotParts(plan: BackupPlan): string[] {
  return plan.parts.filter(({ capture }) => capture === 'snapshot').map(({ name }) => name);
}
