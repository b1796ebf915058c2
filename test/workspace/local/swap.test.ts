import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import {
  type Bench,
  canMount,
  listIfThere,
  makeBench,
  makeFolder,
  OPERATION,
  OTHER_OPERATION,
  stagedBeside,
  supervised,
  until,
  wishes,
} from './bench.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';
const NAMES = ['data', 'projects'];

describe('a swap by rename', () => {
  let bench: Bench;
  let note: RunningNote;
  let quiet: Quiet;
  const at = (...names: string[]) => join(bench.root, ...names);
  const staged = (operationId = OPERATION) => stagedBeside(bench.root, operationId, ...NAMES);
  const stageOf = (part: string) => at(`.cml-${OPERATION}-stage-${part}`);
  const displacedOf = (part: string) => at(`.cml-${OPERATION}-displaced-${part}`);
  const isUp = () => bench.pidsOf('web').length > 0;
  const contents = () => NAMES.map((part) => readFileSync(at(part, 'file'), 'utf8'));

  beforeEach(async () => {
    bench = await makeBench(async (root) => ({
      services: [supervised('web')],
      volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'old' }) }],
      sharedFolders: [{ name: 'projects', path: await makeFolder(join(root, 'projects'), { file: 'old' }) }],
    }));
    await bench.platform.start({ operationId: OPERATION, notedAt: FAR_AWAY, services: [{ name: 'web', ready: true }] });
    for (const { path } of await bench.platform.stage(OPERATION, wishes(...NAMES)))
      await writeFile(join(path, 'file'), 'new');
    note = await bench.platform.noteRunning(OPERATION);
    quiet = await bench.platform.stop(note);
  });
  afterEach(() => bench.dispose());

  /** The four renames of a whole swap, in the order in which they are done. */
  const renames = () =>
    NAMES.flatMap((part) => [
      [at(part), displacedOf(part)],
      [stageOf(part), at(part)],
    ]) as [string, string][];

  /** As it stands when the process dies after so many renames. */
  async function dieAfter(count: number): Promise<void> {
    await bench.platform.commit(OPERATION, staged(), quiet);
    for (const [from, to] of renames().slice(count).reverse()) renameSync(to, from);
  }

  it.each([0, 1, 2, 3, 4])('is told apart, put back exactly and started after dying at rename %i', async (count) => {
    const before = NAMES.map((part) => lstatSync(at(part)).ino);
    await dieAfter(count);
    const life = bench.again();
    expect(await life.isReverted(OPERATION)).toBe(count === 0);
    if (count > 0 && count < 4) {
      await expect(life.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
      expect(isUp()).toBe(false);
    }
    await life.revert(OPERATION);
    expect(await life.isReverted(OPERATION)).toBe(true);
    expect(contents()).toEqual(['old', 'old']);
    expect(NAMES.map((part) => lstatSync(at(part)).ino)).toEqual(before);
    await life.start(note);
    await life.release(OPERATION);
    expect((await readdir(bench.root)).filter((name) => name.startsWith('.cml-'))).toEqual([]);
    expect((await readdir(bench.folder)).filter((name) => name.startsWith('swap-'))).toEqual([]);
  });

  it.each([1, 2, 3])('is finished when commit is called again after dying at rename %i', async (count) => {
    await dieAfter(count);
    await bench.again().commit(OPERATION, staged(), quiet);
    expect(contents()).toEqual(['new', 'new']);
    await bench.again().start(note);
    expect(isUp()).toBe(true);
  });

  it('is put back by the next life that died while putting back', async () => {
    await dieAfter(4);
    renameSync(at('projects'), stageOf('projects'));
    await bench.again().revert(OPERATION);
    expect(contents()).toEqual(['old', 'old']);
  });

  it('refuses to start when someone else moved a part', async () => {
    await dieAfter(4);
    await rename(at('data'), at('elsewhere'));
    await makeFolder(at('data'), { file: 'stranger' });
    await expect(bench.platform.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
    await expect(bench.platform.revert(OPERATION)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(await bench.platform.readNote()).toEqual(note);
    expect(readFileSync(at('projects', 'file'), 'utf8')).toBe('old');
  });

  it('never puts back under a service that runs', async () => {
    await bench.platform.commit(OPERATION, staged(), quiet);
    await bench.platform.start(note);
    await expect(bench.platform.revert(OPERATION)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(contents()).toEqual(['new', 'new']);
    const again = await bench.platform.noteRunning(OPERATION);
    await bench.platform.stop(again);
    await bench.platform.revert(OPERATION);
    await bench.platform.start(again);
    expect(contents()).toEqual(['old', 'old']);
  });

  it('can be put back after what it displaced was kept', async () => {
    await bench.platform.commit(OPERATION, staged(), quiet);
    await bench.platform.keepDisplaced(OPERATION, FAR_AWAY);
    await bench.platform.revert(OPERATION);
    expect(contents()).toEqual(['old', 'old']);
    expect(await bench.platform.dropDisplaced(LATER)).toEqual([]);
  });

  it('leaves everything of an unsettled swap alone when it is released', async () => {
    await dieAfter(3);
    await bench.platform.release(OPERATION);
    expect(existsSync(stageOf('projects'))).toBe(true);
    expect(existsSync(displacedOf('data'))).toBe(true);
    await bench.platform.revert(OPERATION);
  });

  it('lets a second swap begin only when the first was settled or serves', async () => {
    await bench.platform.commit(OPERATION, staged(), quiet);
    const stageSecond = async () => {
      for (const { path } of await bench.platform.stage(OTHER_OPERATION, wishes(...NAMES)))
        await writeFile(join(path, 'file'), 'newer');
    };
    await stageSecond();
    await expect(bench.platform.commit(OTHER_OPERATION, staged(OTHER_OPERATION), quiet)).rejects.toMatchObject({
      code: 'swap-failed',
    });
    await bench.platform.start(note);
    const second = await bench.platform.noteRunning(OTHER_OPERATION);
    await bench.platform.commit(OTHER_OPERATION, staged(OTHER_OPERATION), await bench.platform.stop(second));
    await bench.platform.start(second);
    expect(contents()).toEqual(['newer', 'newer']);
    await bench.platform.keepDisplaced(OTHER_OPERATION, FAR_AWAY);
    expect(await bench.platform.dropDisplaced(LATER)).toHaveLength(4);
  });

  it('brings back a part that was lost altogether, and takes it away again', async () => {
    await rm(at('data'), { recursive: true });
    expect((await bench.platform.inspect()).parts[0]).toMatchObject({ name: 'data', present: false });
    await bench.platform.commit(OPERATION, staged(), quiet);
    expect(contents()).toEqual(['new', 'new']);
    await bench.platform.revert(OPERATION);
    expect(existsSync(at('data'))).toBe(false);
  });

  it('gives a staged place the owner and mode of the live one, and follows a symbolic link', async () => {
    await rename(at('data'), at('real'));
    await symlink(at('real'), at('data'));
    chmodSync(at('real'), 0o2750);
    const [place] = await bench.platform.stage(OTHER_OPERATION, wishes('data'));
    expect(place?.path).toBe(at(`.cml-${OTHER_OPERATION}-stage-data`));
    expect(statSync(place?.path ?? '').mode & 0o7777).toBe(0o2750);
    await writeFile(join(place?.path ?? '', 'left'), 'over');
    expect(await listIfThere((await bench.platform.stage(OTHER_OPERATION, wishes('data')))[0]?.path ?? '')).toEqual([]);
    await bench.platform.release(OTHER_OPERATION);
    expect(existsSync(place?.path ?? '')).toBe(false);
  });
});

describe.runIf(canMount)('a swap inside a mount point', () => {
  let bench: Bench;
  let note: RunningNote;
  let quiet: Quiet;
  const inside = (...names: string[]) => join(bench.root, 'mount', ...names);
  const children = async () => (await readdir(inside())).filter((name) => !name.startsWith('.cml-')).sort();
  const ours = async () => (await readdir(inside())).filter((name) => name.startsWith('.cml-'));

  beforeEach(async () => {
    bench = await makeBench(async (root) => {
      const path = await makeFolder(join(root, 'mount'));
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'cml-test', path]);
      await makeFolder(path, { both: 'old both', before: 'old only' });
      await makeFolder(join(path, 'folder'), { deep: 'old deep' });
      return { services: [supervised('web')], volumes: [{ name: 'data', path }] };
    });
    await bench.platform.start({ operationId: OPERATION, notedAt: FAR_AWAY, services: [{ name: 'web', ready: true }] });
    const [staged] = await bench.platform.stage(OPERATION, wishes('data'));
    await makeFolder(staged?.path ?? '', { both: 'new both', after: 'new only' });
    chmodSync(staged?.path ?? '', 0o711);
    utimesSync(staged?.path ?? '', 1_000_000_000, 1_000_000_000.5);
    chmodSync(inside(), 0o755);
    note = await bench.platform.noteRunning(OPERATION);
    quiet = await bench.platform.stop(note);
  });
  afterEach(async () => {
    await until('it is unmounted', async () => (await execa('umount', [inside()], { reject: false })).exitCode === 0);
    await bench.dispose();
  });

  const commit = () =>
    bench.again().commit(OPERATION, [{ part: 'data', path: inside(`.cml-${OPERATION}-stage`) }], quiet);

  async function expectOld(): Promise<void> {
    expect(await children()).toEqual(['before', 'both', 'folder']);
    expect(await readFile(inside('both'), 'utf8')).toBe('old both');
    expect(await readFile(inside('folder', 'deep'), 'utf8')).toBe('old deep');
    expect(statSync(inside()).mode & 0o7777).toBe(0o755);
    expect(await bench.again().isReverted(OPERATION)).toBe(true);
    await bench.again().start(note);
    await bench.again().release(OPERATION);
    expect(await ours()).toEqual([]);
  }

  it('moves the children and gives the mount point the look of what came in', async () => {
    expect((await bench.platform.inspect()).parts[0]?.exclude).toEqual([inside(`.cml-${OPERATION}-stage`)]);
    await commit();
    expect(await children()).toEqual(['after', 'both']);
    expect(await readFile(inside('both'), 'utf8')).toBe('new both');
    expect(statSync(inside()).mode & 0o7777).toBe(0o711);
    expect(statSync(inside()).mtimeMs).toBe(1_000_000_000_500);
    await bench.platform.start(note);
    const places = await bench.platform.keepDisplaced(OPERATION, FAR_AWAY);
    expect(places).toEqual([inside(`.cml-${OPERATION}-displaced`)]);
    await bench.platform.release(OPERATION);
    expect(statSync(inside()).mtimeMs).toBe(1_000_000_000_500);
    expect(await listIfThere(places[0] ?? '')).toEqual(['before', 'both', 'folder']);
    expect(await bench.platform.dropDisplaced(LATER)).toEqual(places);
    expect(await ours()).toEqual([]);
  });

  it('is put back exactly, with what services made meanwhile gone', async () => {
    await commit();
    await bench.platform.start(note);
    await rename(inside('after'), inside('renamed'));
    await makeFolder(inside('folder'), { deep: 'made by a service' });
    const again = await bench.platform.noteRunning(OPERATION);
    await bench.platform.stop(again);
    expect(await bench.platform.isReverted(OPERATION)).toBe(false);
    await bench.platform.revert(OPERATION);
    await expectOld();
  });

  it('is told apart and put back after dying at any move', async () => {
    const stage = inside(`.cml-${OPERATION}-stage`);
    const displaced = inside(`.cml-${OPERATION}-displaced`);
    const record = join(bench.folder, `swap-${OPERATION}.json`);
    const moves = [
      ...['before', 'both', 'folder'].map((name) => [inside(name), join(displaced, name)]),
      ...['after', 'both'].map((name) => [join(stage, name), inside(name)]),
    ] as [string, string][];
    for (let count = 0; count <= moves.length; count += 1) {
      await commit();
      if (count < moves.length) await mkdir(stage);
      for (const [from, to] of moves.slice(count).reverse()) renameSync(to, from);
      await writeFile(record, (await readFile(record, 'utf8')).replace('"committed": true', '"committed": false'));
      const life = bench.again();
      expect(await life.isReverted(OPERATION)).toBe(false);
      await expect(life.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
      await life.revert(OPERATION);
      expect(await readFile(inside('both'), 'utf8')).toBe('old both');
      expect(await children()).toEqual(['before', 'both', 'folder']);
      await mkdir(stage, { recursive: true });
      for (const name of await readdir(stage)) await rm(join(stage, name), { recursive: true });
      await makeFolder(stage, { both: 'new both', after: 'new only' });
    }
    await expectOld();
  });

  it('refuses to go on when something new appears while it swaps', async () => {
    await commit();
    await mkdir(inside(`.cml-${OPERATION}-stage`));
    renameSync(inside('after'), inside(`.cml-${OPERATION}-stage`, 'after'));
    const record = join(bench.folder, `swap-${OPERATION}.json`);
    await writeFile(record, (await readFile(record, 'utf8')).replace('"committed": true', '"committed": false'));
    await writeFile(inside('stranger'), 'x');
    await expect(commit()).rejects.toMatchObject({ code: 'swap-failed' });
    await bench.platform.revert(OPERATION);
    await expectOld();
  });
});
