import { randomBytes } from 'node:crypto';
import { chmod, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CopyOutcome, MoveOptions } from '../../src/mover/mover.ts';
import { quickenRepository } from '../faults/quick-repository.ts';
import { createResticWorld, type ResticWorld, until } from './restic-world.ts';

const MEGABYTE = 1_000_000;

describe('a repository that is kept for years', { timeout: 60_000 }, () => {
  let world: ResticWorld;
  let calls = 0;
  const options = (more: Partial<MoveOptions> = {}): MoveOptions => ({
    folder: world.folder,
    key: `call-${++calls}`,
    ...more,
  });
  const at = (name: string) => join(world.root, name);
  const copy = (name: string, tag: string): Promise<CopyOutcome> =>
    world.mover.copy({ paths: [at(name)], exclude: [], tags: [tag] }, options());

  beforeAll(async () => {
    world = await createResticWorld({ lockWait: 5_000, prune: { maxUnused: '0%' } });
    await world.mover.init(options());
    await quickenRepository(world.settings.location, 'correct horse');
  });
  afterAll(() => world.dispose());

  /** Two files that share their packs, of which one is dropped: what is left has to be written anew. */
  async function dropHalf(): Promise<CopyOutcome> {
    for (const name of ['dropped', 'kept']) await world.writeTree(at('half'), { [name]: '' });
    for (let file = 0; file < 12; file += 1) {
      for (const name of ['dropped', 'kept']) await writeFile(at(`half/${name}-${file}`), randomBytes(MEGABYTE));
    }
    const both = await copy('half', 'op_both');
    for (let file = 0; file < 12; file += 1) await rm(at(`half/dropped-${file}`));
    const kept = await copy('half', 'op_kept');
    await world.mover.forget([both.id], options());
    return kept;
  }

  it('loses nothing when a prune is killed at any moment, and is pruned by the next one', async () => {
    const kept = await dropHalf();
    const data = join(world.settings.location, 'data');
    const packs = async () => new Set((await readdir(data, { recursive: true })).filter((name) => name.length > 3));
    const before = await packs();
    const locks = join(world.settings.location, 'locks');
    const moments = {
      'it holds the repository': async () => (await readdir(locks)).length > 0,
      'it writes': async () => [...(await packs())].some((name) => !before.has(name)),
      'it drops': async () => {
        const now = await packs();
        return [...before].some((name) => !now.has(name));
      },
    };
    for (const [nth, comes] of Object.values(moments).entries()) {
      const key = `prune-${nth}`;
      let isOver = false;
      const pruning = world.mover.prune(options({ key })).catch((error: unknown) => error);
      void pruning.then(() => {
        isOver = true;
      });
      await until(async () => isOver || comes());
      // The last one may be over before one can look.
      const text = await readFile(join(world.folder, `${key}.run.json`), 'utf8').catch(() => undefined);
      if (text !== undefined) process.kill(-(JSON.parse(text) as { pid: number }).pid, 'SIGKILL');
      await pruning;
      expect(await world.mover.reread({ index: 1, of: 1 }, options())).toEqual({ problems: [], copyIds: [] });
    }
    await world.mover.prune(options());
    expect(await world.mover.prune(options())).toMatchObject({ freedBytes: 0 });
    const place = { pathInCopy: at('half'), path: at('half-restored') };
    await world.mover.restore(kept.id, place.pathInCopy, place.path, options());
    expect((await world.mover.compare(kept.id, [place], options())).differences).toEqual([]);
  });

  it('does not prune while a copy is made, and says who is in the way', async () => {
    await writeFile(at('endless'), '');
    await truncate(at('endless'), 40e9);
    const abort = new AbortController();
    const request = { paths: [at('endless')], exclude: [], tags: ['op_endless'] };
    const copying = world.mover.copy(request, options({ signal: abort.signal })).catch(() => 'ended');
    await until(async () => (await readdir(join(world.settings.location, 'locks'))).length > 0);
    const impatient = world.moverWith({ settings: { lockWait: 0 } });
    await expect(impatient.prune(options())).rejects.toMatchObject({ code: 'repository-held', retryable: true });
    abort.abort(new Error('enough'));
    await copying;
  });

  it('finds a flipped byte in the slice that holds it, and names the copies that need it', async () => {
    await writeFile(at('whole'), randomBytes(MEGABYTE));
    const whole = await copy('whole', 'op_whole');
    const before = new Set(await readdir(join(world.settings.location, 'data'), { recursive: true }));
    await writeFile(at('hurt'), randomBytes(3 * MEGABYTE));
    const hurt = await copy('hurt', 'op_hurt');
    const made = (await readdir(join(world.settings.location, 'data'), { recursive: true })).filter(
      (name) => !before.has(name) && name.length > 3,
    );
    const sizes = await Promise.all(
      made.map(async (name) => {
        const path = join(world.settings.location, 'data', name);
        return { path, size: (await readFile(path)).length, slice: (Number.parseInt(name.slice(0, 2), 16) % 2) + 1 };
      }),
    );
    const [largest] = sizes.sort((one, other) => other.size - one.size);
    if (!largest) throw new Error('nothing was stored');
    await chmod(largest.path, 0o600);
    const file = await open(largest.path, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 1_000);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 1_000);
    await file.close();
    const found = await world.mover.reread({ index: largest.slice, of: 2 }, options());
    expect(found.problems.join()).toContain('contains');
    expect(found.copyIds).toEqual([hurt.id]);
    expect(found.copyIds).not.toContain(whole.id);
    const other = await world.mover.reread({ index: 3 - largest.slice, of: 2 }, options());
    expect(other).toEqual({ problems: [], copyIds: [] });
  });
});
