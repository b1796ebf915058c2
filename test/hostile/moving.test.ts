import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { compare, type Tree, walk } from '../walker.ts';
import { busyService } from './busy-service.ts';
import { type HostileWorld, makeHostileWorld } from './hostile-world.ts';
import { createTable } from './table.ts';

const table = createTable('Hostile data: what changes while it is copied');

const PARTS = { warm: { capture: 'two-pass' }, cold: { capture: 'cold' } } as const;
const rows = [
  { name: 'a file that grows while it is read', path: /^grows:/ },
  { name: 'files that come and vanish while they are read', path: /^churn/ },
  { name: 'changed with size and time as before, after the first pass', path: /^same:/ },
  { name: 'replaced by a rename, with size and time as before', path: /^replaced:/ },
  { name: 'written through a mapping, which leaves no time', path: /^mapped:/ },
];

describe('what services write until they stop', () => {
  let world: HostileWorld;
  let backup: Operation;
  let restored: Operation;
  const before = new Map<string, Tree>();
  const after = new Map<string, Tree>();

  beforeAll(async () => {
    world = await makeHostileWorld({
      parts: PARTS,
      services: (root) => [
        busyService(
          Object.keys(PARTS).map((part) => `${root}/${part}`),
          `${root}/frozen`,
        ),
      ],
    });
    backup = await world.backUp();
    for (const part of Object.keys(PARTS)) before.set(part, await walk(world.at(part)));
    restored = await world.restore(backup);
    for (const part of Object.keys(PARTS)) after.set(part, await walk(world.at(part)));
  }, 120_000);

  afterAll(() => world?.dispose());

  test('is in the backup as it stood when they had stopped', async () => {
    expect([backup.error, restored.error]).toEqual([undefined, undefined]);
    expect(await world.backupOf(backup)).toMatchObject({ status: 'completed', warnings: [] });
    expect(readFileSync(world.at('warm/same'), 'utf8')).toBe('FIRST AND WHOLE');
    expect(await world.areServicesUp()).toBe(true);
  });

  for (const [part, { capture }] of Object.entries(PARTS)) {
    test.each(rows)(`captured ${capture}: $name`, ({ name, path }) => {
      const [was, is] = [before.get(part), after.get(part)];
      if (!was || !is) throw new Error('there is no picture of it');
      const differences = compare(was, is).filter((said) => path.test(said));
      const seen = differences.length === 0 ? 'as it was at the cut' : (differences[0] ?? '');
      table.add({ row: name, capture, expected: 'as it was at the cut', seen });
      expect(differences).toEqual([]);
    });
  }
});

/** What others do while services are stopped. Each is over before anyone could find it among the open files. */
const foreign = [
  { name: 'a file vanishes while stopped', act: (part: string) => rmSync(join(part, 'folder/victim')) },
  {
    name: 'a file is moved away while stopped',
    act: (part: string) => renameSync(join(part, 'folder/victim'), join(part, '../away')),
  },
  {
    name: 'a file changes while stopped, size and time as before',
    act(part: string) {
      const victim = join(part, 'folder/victim');
      writeFileSync(victim, 'y');
      utimesSync(victim, 1_000, 1_000);
    },
  },
];

describe('what a foreign process does while services are stopped', () => {
  for (const capture of ['two-pass', 'cold'] as const) {
    test.concurrent.each(foreign)(`captured ${capture}: $name`, async ({ name, act }) => {
      const world = await makeHostileWorld({ parts: { data: { capture } } });
      try {
        mkdirSync(world.at('data/folder'));
        writeFileSync(world.at('data/folder/victim'), 'x');
        utimesSync(world.at('data/folder/victim'), 1_000, 1_000);
        writeFileSync(world.at('data/other'), 'x');
        const ended = await world.duringCut(world.backUp(), () => act(world.at('data')));
        const seen = `${ended.status}: ${ended.error?.code}; services ${(await world.areServicesUp()) ? 'up' : 'down'}`;
        table.add({ row: name, capture, expected: 'failed: not-quiet; services up', seen });
        expect(seen).toBe('failed: not-quiet; services up');
        expect(await world.backupOf(ended)).toBeUndefined();
      } finally {
        await world.dispose();
      }
    });
  }
});
