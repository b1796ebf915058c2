import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/process-identity.ts';
import type { Program, RunProgram } from '../../src/program.ts';
import { readClaim } from '../../src/workspace/local/run-record.ts';
import { die, liveOnceWith } from './other-life.ts';
import { createResticWorld, type ResticWorld, until } from './restic-world.ts';

describe('a copy whose starter died', () => {
  let world: ResticWorld;

  beforeAll(async () => {
    world = await createResticWorld();
    await world.mover.init({ folder: world.folder, key: 'init' });
  });

  afterAll(() => world.dispose());

  const request = (tag: string) => ({ paths: [world.root], exclude: [], tags: [tag] });

  /** The program that the mover would run, kept instead of being run. */
  async function programOf(tag: string): Promise<Program> {
    let kept: Program | undefined;
    const keep: RunProgram = (program, options) => {
      if (program.args.includes('version')) return world.run(program, options);
      kept = program;
      return Promise.reject(new Error('kept'));
    };
    const asked = world.moverWith({ run: keep }).copy(request(tag), { folder: world.folder, key: tag });
    await expect(asked).rejects.toThrow('kept');
    if (!kept) throw new Error('the mover ran nothing');
    return kept;
  }

  const locks = () => readdir(join(world.settings.location, 'locks'));

  it('is adopted while it runs, and made only once', async () => {
    await writeFile(join(world.root, 'big'), randomBytes(150e6));
    const life = liveOnceWith(await programOf('op_runs'), world.folder);
    await until(async () => (await locks()).length > 0);
    await die(life);
    const made = await world.mover.copy(request('op_runs'), { folder: world.folder, key: 'op_runs' });
    expect(made).toMatchObject({ files: 1, bytes: 150e6, unreadable: [] });
    const listed = await world.mover.list(['op_runs'], { folder: world.folder, key: 'list' });
    expect(listed.map(({ id }) => id)).toEqual([made.id]);
  });

  it('is answered from its record when it ended meanwhile', async () => {
    const life = liveOnceWith(await programOf('op_ended'), world.folder);
    await until(async () => (await locks()).length > 0);
    await die(life);
    await until(async () => (await readdir(world.folder)).includes('op_ended.exit'));
    const made = await world.mover.copy(request('op_ended'), { folder: world.folder, key: 'op_ended' });
    const listed = await world.mover.list(['op_ended'], { folder: world.folder, key: 'list' });
    expect(listed.map(({ id }) => id)).toEqual([made.id]);
  });

  it('is made again when the machine was restarted meanwhile', async () => {
    const life = liveOnceWith(await programOf('op_gone'), world.folder);
    await until(async () => (await readdir(world.folder)).includes('op_gone.run.json'));
    await die(life);
    const leader = readClaim(join(world.folder, 'op_gone.run.json'))?.pid ?? 0;
    process.kill(-leader, 'SIGKILL');
    // A signal only asks for the end: adopted in the moment before, the copy would be told as killed, not as gone.
    await until(() => identify(leader) === undefined);
    const made = await world.mover.copy(request('op_gone'), { folder: world.folder, key: 'op_gone' });
    const listed = await world.mover.list(['op_gone'], { folder: world.folder, key: 'list' });
    expect(listed.map(({ id }) => id)).toEqual([made.id]);
  });
});
