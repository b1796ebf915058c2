import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePlatform, type PlatformUnderTest } from '../contracts/platform.ts';
import { describePlatformSwaps } from '../contracts/platform-swaps.ts';
import { actAsGuard } from '../fakes/guard.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { createWorld, type FakePart, partOf } from '../fakes/world.ts';

const parts: readonly FakePart[] = [
  { name: 'db', kind: 'volume', location: 'internal', capture: 'two-pass', path: '/live/db' },
  { name: 'projects', kind: 'shared-folder', location: 'external', capture: 'cold', path: '/live/projects' },
];

async function create(): Promise<PlatformUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-platform-'));
  mkdirSync(join(folder, 'op'));
  const world = createWorld({ folder, parts, services: { web: true, db: true } });
  world.checks.set('whole', ([first]) => first?.get('file')?.includes('good') ?? false);
  const treeOf = (part: string) => world.trees.get(partOf(world, part).path);
  const platform = createFakePlatform(world, plainEffect);
  return {
    platform,
    operationId: 'op_0000000001',
    otherOperationId: 'op_0000000002',
    services: ['web', 'db'],
    parts: parts.map(({ name }) => name),
    folder: join(folder, 'op'),
    isUp: async (service) => world.services.get(service)?.up ?? false,
    async takeDown(service) {
      Object.assign(world.services.get(service) ?? {}, { up: false, ready: false });
    },
    again: () => createFakePlatform(world, plainEffect),
    async letGuardTry(note) {
      await platform.armGuard(note, new Date(world.time.now()).toISOString());
      actAsGuard(world);
    },
    pages: async () => world.guardSaid,
    async write(part, file, text) {
      treeOf(part)?.set(file, text);
    },
    async remove(part, file) {
      treeOf(part)?.delete(file);
    },
    stands: async (path) => world.trees.has(path),
    read: async (part, file) => treeOf(part)?.get(file),
    async writeStaged(path, file, text) {
      world.trees.get(path)?.set(file, text);
    },
    list: async (path) => {
      const tree = world.trees.get(path);
      return tree && [...tree.keys()];
    },
    readDefinition: async () => world.definition,
    async writeDefinition(text) {
      world.definition = text;
    },
    dispose: async () => rmSync(folder, { recursive: true }),
  };
}

describePlatform('the fake platform', create);
describePlatformSwaps('the fake platform', create);
