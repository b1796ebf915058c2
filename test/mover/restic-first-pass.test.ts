import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createResticWorld, type ResticWorld, until } from './restic-world.ts';

const isRoot = process.getuid?.() === 0;

describe('a first pass', () => {
  let world: ResticWorld;
  const options = (key: string) => ({ folder: world.folder, key });
  const copy = (more: object) =>
    world.mover.copy({ paths: [world.root], exclude: [], tags: ['t'], ...more }, options(`copy-${Math.random()}`));
  const changedAt = async (name: string) => (await stat(join(world.root, name), { bigint: true })).ctimeNs;

  beforeEach(async () => {
    world = await createResticWorld();
    await writeFile(join(world.root, 'settled'), 'x');
    const settledAt = Date.now();
    await world.mover.init(options('init'));
    await until(() => Date.now() > settledAt + 2_100);
    await writeFile(join(world.root, "just now\n'"), 'x');
  });
  afterEach(() => world.dispose());

  it('marks what changed meanwhile to be read again, and only that', async () => {
    const before = { settled: await changedAt('settled'), recent: await changedAt("just now\n'") };
    const { mtimeNs } = await stat(join(world.root, "just now\n'"), { bigint: true });
    const made = await copy({ isFirstPass: true });
    expect(made.unmarked).toBeUndefined();
    expect(await changedAt('settled')).toBe(before.settled);
    expect(await changedAt("just now\n'")).toBeGreaterThan(before.recent);
    expect((await stat(join(world.root, "just now\n'"), { bigint: true })).mtimeNs).toBe(mtimeNs);
  });

  it('marks in many folders, on one file system and in parts that lie in each other', async () => {
    const names = Array.from({ length: 30 }, (_, at) => join(`folder ${at}`, '-dash'));
    for (const name of names) {
      await mkdir(dirname(join(world.root, name)));
      await writeFile(join(world.root, name), 'x');
    }
    const before = await Promise.all(names.map(changedAt));
    const paths = [world.root, ...names.map((name) => join(world.root, name))];
    expect((await copy({ paths, isFirstPass: true })).unmarked).toBeUndefined();
    for (const [at, name] of names.entries()) expect(await changedAt(name)).toBeGreaterThan(before[at] ?? 0n);
  });

  it('says how long flushing, restic and marking took', async () => {
    const request = { paths: [world.root], exclude: [], tags: ['t'] };
    const things = async (key: string) =>
      (await readFile(join(world.folder, `${key}.out`), 'utf8')).match(/(?<="took","what":")\w+(?=","ms":\d+\}$)/gm);
    await world.mover.copy({ ...request, isFirstPass: true }, options('first'));
    expect(await things('first')).toEqual(['flush', 'restic', 'marking']);
    await world.mover.copy(request, options('second'));
    expect(await things('second')).toEqual(['restic']);
  });

  it('marks nothing when it is not a first pass', async () => {
    const before = await changedAt("just now\n'");
    await copy({});
    expect(await changedAt("just now\n'")).toBe(before);
  });

  it.skipIf(!isRoot)('says that something could not be marked', async () => {
    const fixed = join(world.root, "just now\n'");
    await utimes(fixed, 1, 1);
    execFileSync('chattr', ['+i', fixed]);
    try {
      expect(await copy({ isFirstPass: true })).toMatchObject({ unmarked: true, files: 2 });
    } finally {
      execFileSync('chattr', ['-i', fixed]);
    }
  });
});
