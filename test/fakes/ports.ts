import type { Catalog } from '../../src/catalog/catalog.ts';
import type { Chat } from '../../src/chat/chat.ts';
import type { Log } from '../../src/log.ts';
import type { DataMover } from '../../src/mover/mover.ts';
import type { RunnerWorld } from '../../src/operation/runner-world.ts';
import type { WorkspacePlatform } from '../../src/workspace/platform.ts';
import { createFakeCatalog } from './catalog.ts';
import { createFakeChat } from './chat.ts';
import type { Effect, Life } from './mortal.ts';
import { createFakePlatform } from './platform.ts';
import { createMortalMover } from './programs.ts';
import { watchVerified } from './watch.ts';
import type { World } from './world.ts';

export interface Ports {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly chat: Chat;
}

/** The ports of one life over a world that outlives it. */
export function createPorts(world: World, life: Life): Ports {
  return {
    platform: createFakePlatform(world, life.effect),
    mover: createMortalMover(world, life),
    catalog: createMortalCatalog(world, life.effect),
    chat: createMortalChat(world, life),
  };
}

export function runnerWorldOf(world: World, life: Life, ports: Ports, folder: string): RunnerWorld {
  const { catalog, chat } = ports;
  const delays = { firstMs: 0, longestMs: 0 };
  return { clock: life.clock, operations: catalog.operations, chat, log: createMortalLog(world, life), delays, folder };
}

/** A matrix saves journals a hundred thousand times: they are written, and checked, once they can be read. */
export async function writeJournals(world: World): Promise<void> {
  const { operations } = createFakeCatalog(world.catalog);
  for (const operation of world.journals.values()) await operations.save(operation);
  world.journals.clear();
}

function createMortalCatalog(world: World, effect: Effect): Catalog {
  const inner = createFakeCatalog(world.catalog);
  const { operations, backups, requests, marks, activity, schedules, audit } = inner;
  return {
    operations: {
      listOpen: () => operations.listOpen(),
      save: (operation) => effect('journal.save', () => void world.journals.set(operation.id, operation)),
      close: (id) =>
        effect('journal.close', async () => {
          await writeJournals(world);
          await operations.close(id);
        }),
      get: (id) => operations.get(id),
      list: (filter) => operations.list(filter),
      known: () => operations.known(),
    },
    backups: {
      save: (backup) => effect('catalog.saveBackup', () => backups.save(backup)),
      get: (id) => effect('catalog.getBackup', () => backups.get(id)),
      change: (id, decide) =>
        effect('catalog.changeBackup', async () => {
          const changed = await backups.change(id, decide);
          watchVerified(world, changed);
          return changed;
        }),
      list: (filter) => effect('catalog.listBackups', () => backups.list(filter)),
      page: (query) => backups.page(query),
      known: (workspace) => backups.known(workspace),
    },
    requests: {
      save: (request) => effect('catalog.saveRequest', () => requests.save(request)),
      get: (id) => requests.get(id),
      list: (filter) => requests.list(filter),
      known: () => requests.known(),
      change: (id, decide) => effect('catalog.changeRequest', () => requests.change(id, decide)),
    },
    marks: {
      get: (workspace) => marks.get(workspace),
      change: (workspace, decide) => effect('catalog.changeMarks', () => marks.change(workspace, decide)),
    },
    activity,
    schedules,
    audit,
    open: () => inner.open(),
    setAside: () => inner.setAside(),
  };
}

function createMortalChat(world: World, life: Life): Chat {
  const chat = createFakeChat(world.chat, life.effect);
  return {
    ...chat,
    async announce(message) {
      const answer = await chat.announce(message);
      world.told.push(world.time.now());
      return answer;
    },
    show: () => undefined, // nobody looks, and it is drawn a hundred times an operation
  };
}

function createMortalLog(world: World, life: Life): Log {
  const write = (first: unknown, sentence?: string) => {
    if (!life.isDead()) world.warned.push(`${sentence ?? ''} ${JSON.stringify(first)}`);
  };
  return { debug: () => undefined, info: () => undefined, warn: write, error: write } as Log;
}
