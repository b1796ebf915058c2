import { execFileSync } from 'node:child_process';
import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
