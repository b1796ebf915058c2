import { execFileSync } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createResticWorld, type ResticWorld } from './restic-world.ts';

describe('counting what a copy holds', () => {
  let world: ResticWorld;
  const options = (key: string) => ({ folder: world.folder, key });
  async function count() {
    const made = await world.mover.copy({ paths: [world.root], exclude: [], tags: [] }, options('copy'));
    return (await world.mover.count(made.id, [world.root], options('count')))[0];
  }

  beforeEach(async () => {
    world = await createResticWorld();
    await world.mover.init(options('init'));
  });
  afterEach(async () => {
    execFileSync('rm', ['-rf', world.root]);
    await world.dispose();
  });

  it('says what was changed last, and when', async () => {
    await writeFile(join(world.root, 'first'), 'x');
    await writeFile(join(world.root, 'second'), 'x');
    execFileSync('chmod', ['0600', join(world.root, 'first')]);
    const { ctimeNs } = await stat(join(world.root, 'first'), { bigint: true });
    const changedAt = new Date(Number(ctimeNs / 1_000_000n)).toISOString();
    expect((await count())?.lastChange).toEqual({ path: join(world.root, 'first'), at: changedAt });
  });

  it('names the topmost path that is too long to stand beside the live data', async () => {
    const perl = 'for (1 .. 20) { my $name = "d" x 200; mkdir $name or die $!; chdir $name or die $! }';
    execFileSync('perl', ['-e', perl], { cwd: world.root });
    const [path = '', ...more] = (await count())?.tooDeep ?? [];
    expect(more).toEqual([]);
    expect(Buffer.byteLength(path)).toBeGreaterThan(3_795);
    expect(Buffer.byteLength(dirname(path))).toBeLessThanOrEqual(3_795);
  });
});
