import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CopyOutcome } from '../../src/mover/mover.ts';
import { createResticWorld, type ResticWorld, until } from './restic-world.ts';

const MANY = 3_000;
const LARGE = 64 * 2 ** 20;

/** Processes of ours that read from this repository now. */
function readers(repository: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`RESTIC_REPOSITORY=${repository}`);
    } catch {
      return false; // it is gone, or no process
    }
  });
}

describe('looking into a copy with restic', () => {
  let world: ResticWorld;
  let made: CopyOutcome;
  const at = (path: string) => join(world.root, path);
  const locks = () => readdir(join(world.settings.location, 'locks'));

  beforeAll(async () => {
    world = await createResticWorld();
    const odd = (name: string) => Buffer.concat([Buffer.from(`${at('odd')}/`), Buffer.from(name, 'latin1')]);
    await mkdir(at('odd'));
    await writeFile(odd('gr\xf6\xdfe'), 'latin');
    await mkdir(odd('f\xfcr'));
    await mkdir(at('many'));
    await Promise.all(Array.from({ length: MANY }, (_, at) => writeFile(join(world.root, 'many', `${at}`), '')));
    await writeFile(at('large'), Buffer.alloc(LARGE, 'x').fill(Buffer.from(String(Math.random())), 0, 2 ** 20));
    const options = { folder: world.folder, key: 'make' };
    await world.mover.init(options);
    made = await world.mover.copy({ paths: [world.root], exclude: [], tags: [] }, options);
  });
  afterAll(() => world.dispose());

  it('lists names that are not UTF-8, and finds nothing by what is shown of them', async () => {
    const { entries } = await world.mover.listFolder(made.id, at('odd'), { from: 0, limit: 10 }, {});
    expect(entries.map(({ name, type }) => [name, type])).toEqual([
      ['f\ufffdr', 'folder'],
      ['gr\ufffd\ufffde', 'file'],
    ]);
    const opened = world.mover.openFile(made.id, at('odd/gr\ufffd\ufffde'), {});
    await expect(opened).rejects.toMatchObject({ code: 'part-missing' });
  });

  it('gives a page from the middle of many entries, and ends restic with it', async () => {
    const { entries, hasMore } = await world.mover.listFolder(made.id, at('many'), { from: 1_500, limit: 100 }, {});
    const names = Array.from({ length: MANY }, (_, at) => String(at)).sort();
    expect([entries.map(({ name }) => name), hasMore]).toEqual([names.slice(1_500, 1_600), true]);
    await until(() => readers(world.settings.location).length === 0);
  });

  it('reads a large file whole, without a lock', async () => {
    const file = await world.mover.openFile(made.id, at('large'), {});
    let bytes = 0;
    for await (const piece of file.read()) {
      if (bytes === 0) expect([readers(world.settings.location).length, await locks()]).toEqual([1, []]);
      bytes += piece.length;
    }
    expect([file.bytes, bytes]).toEqual([LARGE, LARGE]);
  });

  it('ends restic when the reader goes away, or is told to stop', async () => {
    const file = await world.mover.openFile(made.id, at('large'), {});
    for await (const piece of file.read()) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await until(() => readers(world.settings.location).length === 0);
    const stop = new AbortController();
    const other = await world.mover.openFile(made.id, at('large'), { signal: stop.signal });
    const reading = async () => {
      for await (const _ of other.read()) stop.abort(new Error('enough'));
    };
    await expect(reading()).rejects.toThrow('enough');
    await until(() => readers(world.settings.location).length === 0);
  });

  it('says in its usual words what is wrong with the repository', async () => {
    const elsewhere = world.moverWith({ settings: { location: join(world.base, 'nowhere') } });
    const listed = elsewhere.listFolder(made.id, at('odd'), { from: 0, limit: 1 }, {});
    await expect(listed).rejects.toMatchObject({ code: 'repository-missing' });
    const closed = world.moverWith({ settings: { passwordFile: world.otherPasswordFile } });
    await expect(closed.openFile(made.id, at('large'), {})).rejects.toMatchObject({ code: 'repository-password' });
  });
});
