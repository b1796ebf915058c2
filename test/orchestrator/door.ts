import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../src/log.ts';
import type { DataMover, MoveOptions } from '../../src/mover/mover.ts';
import { createOrchestrator, type Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import { noUpkeep, type Upkeep } from '../../src/orchestrator/upkeep.ts';
import { createNewId } from '../../src/records/ids.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { Person } from '../../src/records/person.ts';
import { type WorkspaceSettings, workspacePolicy } from '../../src/records/workspace.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../fakes/chat.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { createMortalMover } from '../fakes/programs.ts';
import { makeSettings } from '../fakes/records.ts';
import { createWorld, type World } from '../fakes/world.ts';

export const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
export const bob: Person = { name: 'bob', proof: 'token', uid: 1001 };
export const carol: Person = { name: 'carol', proof: 'uid', uid: 1002 };
/** Long enough that an operation counts down until a test lets time pass. */
const NOTICE = 600_000;

export interface Move {
  readonly key: string;
  readonly yields: boolean;
  /** Whether services were up when it began. */
  readonly isUp: boolean;
}

/** The one door over a world in memory, where time only passes while something is driven. */
export interface Door {
  readonly orchestrator: Orchestrator;
  readonly world: World;
  readonly catalog: ReturnType<typeof createFakeCatalog>;
  readonly chat: FakeChatStore;
  /** The configuration; may be changed as a deployer would. */
  readonly workspaces: Record<string, WorkspaceSettings>;
  readonly bugs: unknown[];
  readonly log: Log;
  /** What the mover was asked to do, in turn. */
  readonly moves: Move[];
  setPolicy(policy: object): void;
  /** What happens unasked, as a deployer would configure it; nothing at first. */
  /** What happens when the configuration is read once more. */
  setRefresh(next: () => void): void;
  setUpkeep(upkeep: Partial<Upkeep>): void;
  /** Another workspace, with data of its own. */
  addWorkspace(name: string): World;
  /** Lets time pass until this has come true. */
  drive<T>(until: Promise<T>): Promise<T>;
  /** Lets what was begun go on without any time passing, until this holds. */
  settle(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** A completed backup; answers its id. */
  backUp(): Promise<string>;
  dispose(): Promise<void>;
}

/** Notes every call that names a key, as all do that may take long. */
function noted(mover: DataMover, { services }: World, moves: Move[]): DataMover {
  const isUp = () => [...services.values()].every(({ up }) => up);
  return new Proxy(mover, {
    get(target, name: keyof DataMover) {
      const call = target[name];
      if (typeof call !== 'function') return call;
      return (...words: never[]) => {
        const { key, yields = false } = (words.at(-1) ?? {}) as Partial<MoveOptions>;
        if (key !== undefined) moves.push({ key, yields, isUp: isUp() });
        return Reflect.apply(call, target, words);
      };
    },
  });
}

export async function openDoor(
  policy: object = {},
  approversNow?: (approvers: readonly string[]) => Promise<string[]>,
): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-door-'));
  const world = createWorld({
    folder,
    parts: [{ name: 'db', kind: 'volume', location: 'internal', capture: 'two-pass', path: '/live/db' }],
    services: { web: true },
  });
  const chat = createFakeChatStore();
  const catalog = createFakeCatalog(world.catalog);
  const policyOf = (change: object) =>
    workspacePolicy.parse({ notice: NOTICE, approvers: ['alice', 'bob', 'carol'], ...change });
  const workspaces: Record<string, WorkspaceSettings> = { 'team-ml': makeSettings({ policy: policyOf(policy) }) };
  const moves: Move[] = [];
  const portsOver = (own: World) => ({
    platform: createFakePlatform(own, plainEffect),
    mover: noted(createMortalMover(own, { effect: plainEffect, isDead: () => false }), own, moves),
  });
  const ports = new Map([['team-ml', portsOver(world)]]);
  let upkeep: Upkeep = noUpkeep;
  let refresh = (): void => undefined;
  const bugs: unknown[] = [];
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const log = silent as unknown as Log;
  let ids = 0;
  const orchestrator: Orchestrator = createOrchestrator({
    catalog,
    chat: createFakeChat(chat),
    clock: world.time.clock(),
    log,
    newId: createNewId(
      () => new Date(world.time.now()),
      () => (++ids % 1_000) / 1_000,
    ),
    delays: { firstMs: 0, longestMs: 0 },
    workspaces,
    refreshWorkspaces: async () => refresh(),
    upkeep: () => upkeep,
    fire: (schedule, slotAt, person) => orchestrator.backUpAsScheduled(person, schedule, slotAt),
    portsFor: ({ name }) => ports.get(name) ?? portsOver(world),
    ...(approversNow ? { approversNow } : {}),
    workFolder: join(folder, 'work'),
    onBug: (error) => bugs.push(error),
  });
  await orchestrator.takeTurns();

  async function drive<T>(until: Promise<T>): Promise<T> {
    if ((await world.time.drive(until)) === 'stuck') throw new Error('nothing goes on any more');
    return until;
  }

  return {
    ...{ orchestrator, world, catalog, chat, workspaces, bugs, log, moves, drive },
    setPolicy(change) {
      workspaces['team-ml'] = makeSettings({ policy: policyOf(change) });
    },
    setRefresh(next) {
      refresh = next;
    },
    setUpkeep(change) {
      upkeep = { ...noUpkeep, ...change };
    },
    addWorkspace(name) {
      const parts = world.parts.map((part) => ({ ...part, path: part.path.replace('/live', `/${name}`) }));
      const other = createWorld({ folder: join(folder, name), parts, services: { web: true } });
      for (const [path, tree] of other.trees) world.trees.set(path, tree);
      Object.assign(other, { time: world.time, trees: world.trees }); // one machine
      workspaces[name] = makeSettings({ name, policy: policyOf({}) });
      ports.set(name, portsOver(other));
      return other;
    },
    async settle(holds) {
      for (const end = performance.now() + 20_000; !(await holds()); await pause(1)) {
        if (performance.now() > end) throw new Error(`never came true: ${holds}`);
      }
    },
    async backUp() {
      const running = await orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
      const ended: Operation = await drive(running.ended);
      if (ended.status !== 'succeeded') throw new Error(`the backup ${ended.status}: ${ended.error?.message}`);
      return ended.id.replace('op_', 'bkp_');
    },
    async dispose() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}
