import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { compare, type Tree, walk } from '../walker.ts';
import { canMount, until } from '../workspace/local/bench.ts';
import { busyService } from './busy-service.ts';
import { type HostileWorld, makeHostileWorld } from './hostile-world.ts';
import { createTable } from './table.ts';

vi.setConfig({ testTimeout: 120_000 });
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
      const world = await makeHostileWorld({ parts: { data: { capture } }, readsAfterAct: true });
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

const held = [
  {
    name: 'a file grows in another program’s hands',
    needsMount: false,
    script: 'exec 3>>"$1/grows"; touch "$2"; while :; do echo x >&3; sleep 0.01; done',
  },
  {
    name: 'a loop device stands on a file',
    needsMount: true,
    script: 'truncate -s 1M "$1/disk"; losetup -f --show "$1/disk" >"$2"; exec sleep 100',
  },
];

describe('a program that is no service and writes', () => {
  for (const { name, script, needsMount } of held) {
    (needsMount && !canMount ? test.skip : test.concurrent)(`fails the cut: ${name}`, async ({ expect }) => {
      const world = await makeHostileWorld({ parts: { warm: { capture: 'two-pass' }, cold: { capture: 'cold' } } });
      const writers: ChildProcess[] = [];
      try {
        for (const [part, { capture }] of Object.entries(PARTS)) {
          const sign = world.at(`sign-${part}`);
          writers.push(spawn('sh', ['-c', script, 'sh', world.at(part), sign], { stdio: 'ignore' }));
          await until('the writer writes', () => existsSync(sign));
          const ended = await world.backUp();
          const seen = `${ended.status}: ${ended.error?.code}; services ${(await world.areServicesUp()) ? 'up' : 'down'}`;
          table.add({ row: name, capture, expected: 'failed: not-quiet; services up', seen });
          expect(seen).toBe('failed: not-quiet; services up');
          expect(ended.error?.message).toContain(`of ${part} open for writing`);
          end(writers.pop(), sign);
        }
      } finally {
        for (const part of Object.keys(PARTS)) end(writers.pop(), world.at(`sign-${part}`));
        await world.dispose();
      }
    });
  }
});

function end(writer: ChildProcess | undefined, sign: string): void {
  writer?.kill('SIGKILL');
  const device = writer && existsSync(sign) ? readFileSync(sign, 'utf8').trim() : '';
  if (device !== '') execFileSync('losetup', ['--detach', device]);
}

test.concurrent('captured after-start: files that grow, come and vanish while they are read', async ({ expect }) => {
  const world = await makeHostileWorld({ parts: { later: { capture: 'after-start' } } });
  const churn = `cd "$1"; mkdir churn; while :; do count=$((count + 1)); echo x >churn/$count; rm -f churn/$((count - 50)); echo x >>grows; sleep 0.002; done`;
  mkdirSync(world.at('later/still'));
  for (let index = 0; index < 500; index += 1) writeFileSync(world.at(`later/still/${index}`), `${index}`);
  const before = await walk(world.at('later/still'));
  const writer = spawn('sh', ['-c', churn, 'sh', world.at('later')], { stdio: 'ignore' });
  try {
    const ended = await world.backUp();
    const backup = await world.backupOf(ended);
    writer.kill('SIGKILL');
    const restored = backup?.status === 'completed' ? await world.restore(ended) : undefined;
    const isSame = compare(before, await walk(world.at('later/still'))).length === 0;
    const consistent = backup?.parts.every((part) => part.consistent) ? 'consistent' : 'not consistent';
    const seen = `${backup?.status ?? ended.error?.code}, ${consistent}; restore ${restored?.status}, the rest ${isSame ? 'identical' : 'different'}`;
    const expected = 'completed, not consistent; restore succeeded, the rest identical';
    table.add({ row: 'files that grow, come and vanish while they are read', capture: 'after-start', expected, seen });
    expect([seen, backup?.warnings]).toEqual([expected, []]);
  } finally {
    writer.kill('SIGKILL');
    await world.dispose();
  }
});
