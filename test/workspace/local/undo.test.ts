import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import type { StagedPart } from '../../../src/workspace/swaps.ts';
import {
  assertGuardIsBuilt,
  type Bench,
  canMount,
  commanded,
  listIfThere,
  makeBench,
  makeFolder,
  OPERATION,
  OTHER_OPERATION as UNDO,
  until,
  wishes,
} from './bench.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';
const NAMES = ['data', 'projects'];

let bench: Bench;
let note: RunningNote;
let quiet: Quiet;
let staged: StagedPart[];
let kept: string[];
const at = (...names: string[]) => join(bench.root, ...names);
const commit = () => bench.again().commit(UNDO, staged, quiet);
const record = () => join(bench.folder, `swap-${UNDO}.json`);

/** A restore that is kept, services on its data, and an undo of it that is staged, services stopped. */
async function begin(names: readonly string[], prepare: (path: string) => Promise<void>): Promise<void> {
  bench = await makeBench(async (root) => {
    const volumes = names.map((name) => ({ name, path: join(root, name) }));
    for (const { path } of volumes) await prepare(await makeFolder(path));
    return { services: [commanded('web', join(root, 'runs'))], volumes };
  });
  await writeFile(at('runs'), '');
  const restore = await bench.platform.stage(OPERATION, wishes(...names));
  for (const { path } of restore) await makeFolder(path, { file: 'new', after: 'new only' });
  const first = await bench.platform.noteRunning(OPERATION);
  await bench.platform.commit(OPERATION, restore, await bench.platform.stop(first));
  await bench.platform.start(first);
  const definition = await bench.platform.captureDefinition(at('work'));
  kept = await bench.platform.keepDisplaced(OPERATION, FAR_AWAY, definition);
  await bench.platform.release(OPERATION);
  staged = await bench.platform.stageDisplaced(UNDO, OPERATION);
  note = await bench.platform.noteRunning(UNDO);
  quiet = await bench.platform.stop(note);
}

/** As if the undo had never begun. */
async function expectKept(): Promise<void> {
  const life = bench.again();
  expect(await life.isReverted(UNDO)).toBe(true);
  await life.start(note);
  await life.release(UNDO);
  expect((await life.displaced()).map(({ operationId }) => operationId)).toEqual([OPERATION]);
  expect(await life.stageDisplaced(UNDO, OPERATION)).toEqual(staged);
  const state = (await readdir(bench.folder)).filter((name) => /^(swap|displaced)/.test(name));
  expect(state.sort()).toEqual([`displaced-definition-${OPERATION}.json`, 'displaced.json']);
}

describe('an undo of parts that were renamed', () => {
  const contents = () => NAMES.map((part) => readFileSync(at(part, 'file'), 'utf8'));
  const displacedBy = (operationId: string, part: string) => at(`.cml-${operationId}-displaced-${part}`);
  const moves = () =>
    NAMES.flatMap((part) => [
      [at(part), displacedBy(UNDO, part)],
      [displacedBy(OPERATION, part), at(part)],
    ]) as [string, string][];

  beforeEach(() => begin(NAMES, async (path) => void (await makeFolder(path, { file: 'old' }))));
  afterEach(() => bench.dispose());

  it.each([0, 1, 2, 3, 4])('is told apart, put back and kept for later after dying at rename %i', async (count) => {
    await commit();
    for (const [from, to] of moves().slice(count).reverse()) renameSync(to, from);
    const life = bench.again();
    expect(await life.isReverted(UNDO)).toBe(count === 0);
    if (count > 0 && count < 4) await expect(life.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
    if (count > 0) expect(await life.dropDisplaced(LATER)).toEqual([]);
    await life.revert(UNDO);
    expect(contents()).toEqual(['new', 'new']);
    await expectKept();
  });

  it.each([1, 2, 3])('is finished when commit is called again after dying at rename %i', async (count) => {
    await commit();
    for (const [from, to] of moves().slice(count).reverse()) renameSync(to, from);
    await commit();
    expect(contents()).toEqual(['old', 'old']);
    await bench.platform.start(note);
    expect(await bench.platform.keepDisplaced(UNDO, FAR_AWAY)).toEqual(NAMES.map((part) => displacedBy(UNDO, part)));
  });

  it('is put back by the guard when it stands half-way', async () => {
    assertGuardIsBuilt();
    await commit();
    for (const [from, to] of moves().slice(3)) renameSync(to, from);
    await bench.platform.armGuard(note, new Date().toISOString());
    await until('the service is up', () => existsSync(at('runs')));
    await until('the guard has ended', () => bench.guards(UNDO).length === 0);
    expect(contents()).toEqual(['new', 'new']);
    await bench.platform.release(UNDO);
    expect(await bench.platform.stageDisplaced(UNDO, OPERATION)).toEqual(staged);
  });

  it('is settled to its end by the next life that died between its writes', async () => {
    await commit();
    await bench.platform.start(note);
    const swap = await readFile(record(), 'utf8');
    const [entry] = await bench.platform.displaced();
    const copy = entry?.definition?.path ?? '';
    expect(statSync(copy).mode & 0o7777).toBe(0o600);
    const places = await bench.platform.keepDisplaced(UNDO, FAR_AWAY);
    await writeFile(copy, 'left over');
    await writeFile(record(), swap);
    expect(await bench.again().dropDisplaced(LATER)).toEqual([]);
    expect(await bench.again().keepDisplaced(UNDO, FAR_AWAY)).toEqual(places);
    expect(existsSync(copy)).toBe(false);
    expect(existsSync(record())).toBe(false);
  });

  it('is refused when not all is as it was displaced, or something else lies there now', async () => {
    await rename(kept[1] ?? '', at('elsewhere'));
    const refused = { code: 'part-missing', message: expect.stringContaining('projects') };
    await expect(bench.platform.stageDisplaced(UNDO, OPERATION)).rejects.toMatchObject(refused);
    await makeFolder(kept[1] ?? '', { file: 'stranger' });
    await expect(commit()).rejects.toMatchObject(refused);
    expect(contents()).toEqual(['new', 'new']);
    expect(existsSync(record())).toBe(false);
  });

  it('cannot begin on what is being dropped, and dropping goes on whoever holds it', async () => {
    const file = join(bench.folder, 'displaced.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"places"', '"isDropping": true, "places"'));
    await rm(kept[0] ?? '', { recursive: true });
    expect(await bench.platform.displaced()).toEqual([]);
    await expect(commit()).rejects.toMatchObject({ code: 'part-missing' });
    await expect(bench.platform.stageDisplaced(UNDO, OPERATION)).rejects.toMatchObject({ code: 'part-missing' });
    await expect(bench.platform.revert(OPERATION)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(await bench.again().dropDisplaced(LATER, [OPERATION])).toEqual(kept);
    for (const place of kept) expect(existsSync(place)).toBe(false);
    expect((await readdir(bench.folder)).filter((name) => /^(swap|displaced)/.test(name))).toEqual([]);
  });

  it('leaves no copy of a definition whose keeping was never written down', async () => {
    await writeFile(join(bench.folder, `displaced-definition-${UNDO}.json`), 'half');
    await bench.platform.release(UNDO);
    await bench.platform.release(OPERATION);
    await expectKept();
  });

  it('brings everything in or nothing', async () => {
    await expect(bench.platform.commit(UNDO, staged.slice(1), quiet)).rejects.toMatchObject({ code: 'swap-failed' });
    expect(contents()).toEqual(['new', 'new']);
  });
});

describe.runIf(canMount)('an undo inside a mount point', () => {
  const inside = (...names: string[]) => at('data', ...names);
  const ours = async () => (await readdir(inside())).filter((name) => name.startsWith('.cml-'));
  const children = async () => (await readdir(inside())).filter((name) => !name.startsWith('.cml-')).sort();

  beforeEach(() =>
    begin(['data'], async (path) => {
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'cml-test', path]);
      await makeFolder(path, { file: 'old', before: 'old only' });
      await execa('chmod', ['711', path]);
    }),
  );
  afterEach(async () => {
    await until('it is unmounted', async () => (await execa('umount', [inside()], { reject: false })).exitCode === 0);
    await bench.dispose();
  });

  it('brings the children and the look of the mount point back, and leaves no folder of the first operation', async () => {
    await commit();
    expect(await children()).toEqual(['before', 'file']);
    expect(statSync(inside()).mode & 0o7777).toBe(0o711);
    await bench.platform.start(note);
    const places = await bench.platform.keepDisplaced(UNDO, FAR_AWAY);
    await bench.platform.release(UNDO);
    expect(await ours()).toEqual([`.cml-${UNDO}-displaced`]);
    expect(await listIfThere(places[0] ?? '')).toEqual(['after', 'file']);
  });

  it('gives back to the first operation what is its own, and only that, after dying at any move', async () => {
    const [from = ''] = kept;
    const to = inside(`.cml-${UNDO}-displaced`);
    const moves = [
      ...['after', 'file'].map((name) => [inside(name), join(to, name)]),
      ...['before', 'file'].map((name) => [join(from, name), inside(name)]),
    ] as [string, string][];
    for (let count = 0; count <= moves.length; count += 1) {
      await commit();
      mkdirSync(from, { recursive: true }); // removed after the last move
      for (const [source, target] of moves.slice(count).reverse()) renameSync(target, source);
      await writeFile(record(), (await readFile(record(), 'utf8')).replace('"committed": true', '"committed": false'));
      const life = bench.again();
      expect(await life.isReverted(UNDO)).toBe(false);
      await expect(life.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
      await life.revert(UNDO);
      expect(await children()).toEqual(['after', 'file']);
      expect((await listIfThere(from))?.sort()).toEqual(['before', 'file']);
    }
    await expectKept();
    expect(await ours()).toEqual([`.cml-${OPERATION}-displaced`]);
  });

  it('keeps what services made meanwhile, and what they renamed, apart from what is kept', async () => {
    await commit();
    await bench.platform.start(note);
    await rename(inside('before'), inside('renamed'));
    await writeFile(inside('made'), 'since');
    note = await bench.platform.noteRunning(UNDO);
    await bench.platform.stop(note);
    await bench.platform.revert(UNDO);
    expect(await children()).toEqual(['after', 'file']);
    await expectKept();
    expect(await listIfThere(kept[0] ?? '')).toEqual(['before', 'file']);
    expect(await ours()).toEqual([`.cml-${OPERATION}-displaced`]);
  });
});
