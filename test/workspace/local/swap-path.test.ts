import { existsSync, lstatSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import type { StagedPart } from '../../../src/workspace/swaps.ts';
import { type Bench, canMount, commanded, listIfThere, makeBench, makeFolder, OPERATION, until } from './bench.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const WISHES = [
  { part: 'data', within: 'models/latest', is: 'folder' },
  { part: 'data', within: 'models/notes.txt', is: 'file' },
  { part: 'data', within: 'models/fresh', is: 'file' },
] as const;
const MODIFIED = 1_000_000_000;

interface Site {
  readonly title: string;
  /** Where our places lie, from the root of the bench. */
  readonly places: string;
  readonly mounts: boolean;
}
const sites: Site[] = [
  { title: 'beside a part', places: '.', mounts: false },
  { title: 'inside a mount point', places: 'data', mounts: true },
];

describe.each(sites)('a swap of paths $title', ({ places, mounts }) => {
  let bench: Bench;
  let note: RunningNote;
  let quiet: Quiet;
  let staged: StagedPart[];
  const at = (...names: string[]) => join(bench.root, 'data', ...names);
  const ours = (what: string, index: number) => join(bench.root, places, `.cml-${OPERATION}-${what}-data~${index}`);
  const left = async () => (await readdir(join(bench.root, places))).filter((name) => name.startsWith('.cml-'));
  const isUp = () => existsSync(join(bench.root, 'runs'));
  const record = () => join(bench.folder, `swap-${OPERATION}.json`);
  const text = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : undefined);
  const live = () => ['models/latest/a', 'models/latest/b', 'models/notes.txt', 'models/fresh', 'stays'].map(text);
  const OLD = ['old a', 'old b', 'old notes', undefined, 'stays'];
  const NEW = ['new a', undefined, 'new notes', 'fresh', 'stays'];

  beforeEach(async (context) => {
    if (mounts && !canMount) context.skip();
    bench = await makeBench(async (root) => {
      const path = await makeFolder(join(root, 'data'));
      if (mounts) await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'cml-test', path]);
      await makeFolder(join(path, 'models', 'latest'), { a: 'old a', b: 'old b' });
      await makeFolder(join(path, 'models'), { 'notes.txt': 'old notes' });
      await makeFolder(path, { stays: 'stays' });
      return { services: [commanded('web', join(root, 'runs'))], volumes: [{ name: 'data', path }] };
    });
    await bench.platform.start({ operationId: OPERATION, notedAt: FAR_AWAY, services: [{ name: 'web', ready: true }] });
    staged = await bench.platform.stage(OPERATION, WISHES);
    await writeFile(join(staged[0]?.path ?? '', 'a'), 'new a');
    await writeFile(join(staged[1]?.path ?? '', 'notes.txt'), 'new notes');
    await writeFile(join(staged[2]?.path ?? '', 'fresh'), 'fresh');
    utimesSync(at('models'), MODIFIED, MODIFIED + 0.5);
    note = await bench.platform.noteRunning(OPERATION);
    quiet = await bench.platform.stop(note);
  });
  afterEach(async () => {
    if (mounts && canMount) {
      await until('it is unmounted', async () => (await execa('umount', [at()], { reject: false })).exitCode === 0);
    }
    await bench?.dispose();
  });

  const commit = () => bench.again().commit(OPERATION, staged, quiet);
  /** Of a whole swap, in the order in which they are done. */
  const moves = (): [string, string][] => [
    [at('models/latest'), ours('displaced', 0)],
    [ours('stage', 0), at('models/latest')],
    [at('models/notes.txt'), ours('displaced', 1)],
    [join(ours('stage', 1), 'notes.txt'), at('models/notes.txt')],
    [join(ours('stage', 2), 'fresh'), at('models/fresh')],
  ];
  const setPhases = async (phase: string) =>
    writeFile(record(), (await readFile(record(), 'utf8')).replace(/"phase": "\w+"/g, `"phase": "${phase}"`));

  async function expectOld(inode: number): Promise<void> {
    const life = bench.again();
    expect(await life.isReverted(OPERATION)).toBe(true);
    expect(live()).toEqual(OLD);
    expect(lstatSync(at('models/notes.txt')).ino).toBe(inode);
    expect(statSync(at('models')).mtimeMs).toBe((MODIFIED + 0.5) * 1000);
    await life.start(note);
    expect(isUp()).toBe(true);
    await life.release(OPERATION);
    expect(await left()).toEqual([]);
    expect(existsSync(record())).toBe(false);
  }

  it.each([0, 1, 2, 3, 4, 5])('is told apart and put back exactly after dying at rename %i', async (count) => {
    const { ino } = lstatSync(at('models/notes.txt'));
    await commit();
    for (const [from, to] of moves().slice(count).reverse()) renameSync(to, from);
    await setPhases('begun');
    const life = bench.again();
    expect(await life.isReverted(OPERATION)).toBe(count === 0);
    if (count > 0) await expect(life.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
    expect(isUp()).toBe(false);
    if (count > 0) await life.release(OPERATION);
    expect(existsSync(ours('displaced', 0))).toBe(count > 0);
    await life.revert(OPERATION);
    await expectOld(ino);
  });

  it.each([1, 2, 3, 4, 5])('is finished when commit is called again after dying at rename %i', async (count) => {
    await commit();
    for (const [from, to] of moves().slice(count).reverse()) renameSync(to, from);
    await setPhases('begun');
    await commit();
    expect(live()).toEqual(NEW);
    await bench.platform.start(note);
    expect(await bench.platform.keepDisplaced(OPERATION, FAR_AWAY)).toEqual([0, 1].map((n) => ours('displaced', n)));
    await bench.platform.release(OPERATION);
    expect((await left()).sort()).toEqual([0, 1].map((n) => `.cml-${OPERATION}-displaced-data~${n}`));
  });

  it.each([0, 1, 2, 3, 4])(
    'is put back by the next life that died with %i renames still to put back',
    async (count) => {
      const { ino } = lstatSync(at('models/notes.txt'));
      await commit();
      for (const [from, to] of moves().slice(count).reverse()) renameSync(to, from);
      await setPhases('reverting');
      await bench.again().revert(OPERATION);
      await expectOld(ino);
    },
  );

  it('takes away what services made of it, whatever that is, before it is put back', async () => {
    const { ino } = lstatSync(at('models/notes.txt'));
    await commit();
    await bench.platform.start(note);
    await rm(at('models/latest'), { recursive: true });
    await writeFile(at('models/latest'), 'a file now');
    await rm(at('models/notes.txt'));
    await makeFolder(at('models/notes.txt'), { inner: 'a folder now' });
    await rm(at('models/fresh'));
    note = await bench.platform.noteRunning(OPERATION);
    await bench.platform.stop(note);
    await bench.platform.revert(OPERATION);
    await expectOld(ino);
  });

  it('stops before it replaces what appeared meanwhile, and loses none of it where nothing was before', async () => {
    await commit();
    const [, , , , last = ['', '']] = moves();
    renameSync(last[1], last[0]);
    await setPhases('begun');
    await writeFile(at('models/fresh'), 'a stranger');
    await expect(commit()).rejects.toMatchObject({ code: 'swap-failed' });
    await expect(bench.platform.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
    await expect(bench.platform.revert(OPERATION)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(text('models/fresh')).toBe('a stranger');
    await rm(at('models/fresh'));
    await bench.platform.revert(OPERATION);
    expect(live()).toEqual(OLD);
  });

  it('leaves its own places out of the capture', async () => {
    const [part] = (await bench.platform.inspect({ count: true })).parts;
    expect(part?.exclude.length).toBe(mounts ? 3 : 0);
    expect(part?.files).toBe(4);
  });
});

describe('a path within a part', () => {
  let bench: Bench;
  const at = (...names: string[]) => join(bench.root, 'data', ...names);
  const stage = (...paths: string[]) =>
    bench.platform.stage(
      OPERATION,
      paths.map((within) => ({ part: 'data', within })),
    );
  const refuses = async (message: string, ...paths: string[]) =>
    expect(stage(...paths)).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining(message),
    });
  beforeEach(async () => {
    bench = await makeBench(async (root) => ({
      volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'x' }) }],
    }));
    await makeFolder(at('real', 'deep'), { file: 'x' });
    await makeFolder(join(bench.root, 'outside', 'deep'));
  });
  afterEach(() => bench.dispose());

  it('is refused when a symbolic link leads it out of the part, by whatever way', async () => {
    await symlink('../outside', at('out'));
    await symlink(join(bench.root, 'outside', 'deep'), at('real', 'far'));
    await symlink('loop', at('loop'));
    await refuses('leads out of data', 'out/deep');
    await refuses('leads out of data', 'real/far/x');
    await refuses('is not in data', 'loop/x');
    expect(await listIfThere(join(bench.root, 'outside', 'deep'))).toEqual([]);
  });

  it('may go through a link that stays inside, and may be a link itself', async () => {
    await symlink('real', at('link'));
    await symlink('../outside', at('out'));
    expect(await stage('link/deep', 'out')).toHaveLength(2);
    await refuses('lies inside', 'link/deep', 'real/deep');
    await refuses('lies inside', 'real', 'link/deep/new');
  });

  it('is refused when it is ours', async () => {
    await mkdir(at(`.cml-${OPERATION}-stage`));
    await refuses('ours', `.cml-${OPERATION}-stage`);
    await refuses('ours', `.cml-${OPERATION}-stage/x`);
    await refuses('is not a path', 'nul\0');
    await refuses('is not in data', `${'n'.repeat(300)}/x`);
  });

  it.runIf(canMount)('is refused when a rename could not reach it or would carry a file system off', async () => {
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'cml-test', at('real', 'deep')]);
    try {
      for (const path of ['real', 'real/deep', 'real/deep/x']) await refuses('another file system', path);
      expect(await stage('real/file', 'file')).toHaveLength(2);
    } finally {
      await execa('umount', [at('real', 'deep')]);
    }
  });

  it('gets a staged place with the look of the folder it replaces, and starts empty when asked again', async () => {
    await execa('chmod', ['2750', at('real')]);
    const [place] = await stage('real');
    expect(statSync(place?.path ?? '').mode & 0o7777).toBe(0o2750);
    await writeFile(join(place?.path ?? '', 'left'), 'over');
    await mkdir(`${place?.path}.partial`);
    expect(await listIfThere((await stage('real'))[0]?.path ?? '')).toEqual([]);
    await bench.platform.release(OPERATION);
    expect((await readdir(bench.root)).filter((name) => name.startsWith('.cml-'))).toEqual([]);
  });
});
