import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CopyOutcome, CopyRequest, DataMover, RestoreOptions } from '../../src/mover/mover.ts';

/** Relative path → content; a name that ends with a slash is an empty folder. */
export type Tree = Record<string, string>;

/** One mover with a repository of its own that is not there yet, and a world of files to move. */
export interface MoverWorld {
  readonly mover: DataMover;
  /** An empty folder for everything that a test writes. */
  readonly root: string;
  /** Folder of the operation. */
  readonly folder: string;
  /** A password that `addKey` can read. */
  readonly otherPasswordFile: string;
  writeTree(path: string, tree: Tree): Promise<void>;
  readTree(path: string): Promise<Tree>;
  dispose(): Promise<void>;
}

const WHOLE: Tree = { 'a/one.txt': 'one', 'a/b/two.txt': 'two!', 'a/b/größe [1] *.txt': 'x', 'empty/': '', top: '' };
/** Of which all names that begin with `out` are left out. */
const SOME: Tree = { 'out[ab]/x': 'x', 'outa/x': 'y', 'out*': 'z', inner: 'i', 'deep/out*': 'd' };
const LEFT_OUT = ['some/out[ab]', 'some/out*'];
/** Names that mean something in a pattern or end a line, each beside one that a pattern would take for it. */
const ODD: Tree = { 'we\\ird *?[x]\nname/f\\*?[q]\n': 'odd', 'we\\ird *?[x]\nname/fq': '', 'weird ab x\nname/f': '' };
/** What stood in a live folder before: older, newer, of another kind, and ours. */
const BEFORE: Tree = { 'a/one.txt': 'two', 'a/b': 'a file', 'empty/not': 'x', 'a/.cml-op_like/not': 'ours', old: 'o' };
const OURS: Tree = { '.cml-op_0123456789-displaced/one.txt': 'kept', '.cml-op_0123456789-stage': '' };
const KEPT: Tree = { 'outa/x': 'y', inner: 'i', 'deep/out*': 'd' };

/** Names that are options, patterns or two lines elsewhere. */
const LOOKED: Tree = { '-r [x]*/--help\n': 'dash', größe: '', 'a\nb': 'two lines', 'empty/': '', 'Z.txt': 'last' };
const LISTED = [
  { name: '-r [x]*', type: 'folder', bytes: 0 },
  { name: 'Z.txt', type: 'file', bytes: 4 },
  { name: 'a\nb', type: 'file', bytes: 9 },
  { name: 'empty', type: 'folder', bytes: 0 },
  { name: 'größe', type: 'file', bytes: 0 },
];

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read).toString();
}

/**
 * What every mover promises. `skip` names what one cannot do; each has its reason in test/allowed-skips. The tests share
 * one copy: a real repository takes most of a second for every call.
 */
export function describeMover(
  name: string,
  create: () => Promise<MoverWorld>,
  { skip = [] }: { skip?: readonly string[] } = {},
): void {
  const promises = (sentence: string, test: () => Promise<void>) =>
    (skip.includes(sentence) ? it.skip : it)(sentence, test);

  describe(`the data mover: ${name}`, () => {
    let world: MoverWorld;
    let made: CopyOutcome;
    let calls = 0;

    const options = (more: Partial<RestoreOptions> = {}): RestoreOptions => ({
      folder: world.folder,
      key: `call-${++calls}`,
      ...more,
    });
    const at = (path: string) => `${world.root}/${path}`;
    const copy = (paths: readonly string[], more: Partial<CopyRequest> = {}) =>
      world.mover.copy({ paths: paths.map(at), exclude: [], tags: [], ...more }, options());

    beforeAll(async () => {
      world = await create();
      await world.writeTree(at('whole'), WHOLE);
      await world.writeTree(at('some'), SOME);
      await world.writeTree(at('odd'), ODD);
      await world.writeTree(at('grown'), { old: 'old' });
      await expect(world.mover.list([], options())).rejects.toMatchObject({ code: 'repository-missing' });
      await expect(world.mover.reach(options())).rejects.toMatchObject({ code: 'repository-missing' });
      await world.mover.init(options());
      made = await copy(['whole', 'some', 'odd'], { exclude: LEFT_OUT.map(at), tags: ['op_whole', 'pre-copy'] });
    });

    afterAll(() => world.dispose());

    promises('says what it is', async () => {
      const facts = { name: expect.any(String), version: expect.stringMatching(/^\d+\.\d+/) };
      expect(await world.mover.probe()).toEqual(facts);
    });

    promises('reaches a repository that is there', async () => {
      await world.mover.reach(options());
    });

    promises('leaves a repository alone that is there, and lists copies as it reported them', async () => {
      await world.mover.init(options());
      expect(made).toMatchObject({ files: 10, bytes: 14, unreadable: [], paths: ['whole', 'some', 'odd'].map(at) });
      expect(made.addedBytes).toBeGreaterThan(0);
      const { unreadable: _, durationMs, ...reported } = made;
      expect(durationMs).toBeGreaterThanOrEqual(0);
      const [listed, ...others] = await world.mover.list([], options());
      expect(listed).toEqual({ ...reported, paths: expect.arrayContaining([...reported.paths]) });
      expect(others).toEqual([]);
    });

    promises('restores a folder as it was', async () => {
      const arrived = await world.mover.restore(made.id, at('whole'), at('whole-restored'), options());
      expect(arrived).toEqual({ files: 4, bytes: 8 });
      expect(await world.readTree(at('whole-restored'))).toEqual(WHOLE);
    });

    promises('leaves out excluded paths, and takes their names literally', async () => {
      await world.mover.restore(made.id, at('some'), at('some-restored'), options());
      expect(await world.readTree(at('some-restored'))).toEqual(KEPT);
    });

    promises('restores a single file into the target', async () => {
      const file = at('whole/a/b/größe [1] *.txt');
      expect(await world.mover.restore(made.id, file, at('one'), options())).toEqual({ files: 1, bytes: 1 });
      expect(await world.readTree(at('one'))).toEqual({ 'größe [1] *.txt': 'x' });
    });

    promises('restores an empty folder as empty', async () => {
      const arrived = await world.mover.restore(made.id, at('whole/empty'), at('empty-restored'), options());
      expect(arrived).toEqual({ files: 0, bytes: 0 });
    });

    promises('takes every name literally that it restores or counts', async () => {
      const folder = at('odd/we\\ird *?[x]\nname');
      const file = `${folder}/f\\*?[q]\n`;
      expect(await world.mover.restore(made.id, folder, at('odd *?'), options())).toEqual({ files: 2, bytes: 3 });
      expect(await world.readTree(at('odd *?'))).toEqual({ 'f\\*?[q]\n': 'odd', fq: '' });
      expect(await world.mover.restore(made.id, file, at('odd [n]\n'), options())).toEqual({ files: 1, bytes: 3 });
      expect(await world.readTree(at('odd [n]\n'))).toEqual({ 'f\\*?[q]\n': 'odd' });
      expect(await world.mover.count(made.id, [folder, file], options())).toMatchObject([
        { path: folder, isFolder: true, files: 2, directories: 0, bytes: 3 },
        { path: file, isFolder: false, files: 1, directories: 0, bytes: 3 },
      ]);
    });

    promises('restores in place: nothing is left from before, and what is ours is not touched', async () => {
      await world.writeTree(at('live [1]'), { ...BEFORE, ...OURS });
      for (let times = 0; times < 2; times += 1) {
        const arrived = await world.mover.restore(made.id, at('whole'), at('live [1]'), options({ inPlace: true }));
        expect(arrived).toEqual({ files: 4, bytes: 8 });
        expect(await world.readTree(at('live [1]'))).toEqual({ ...WHOLE, ...OURS });
      }
    });

    promises(
      'restores in place also where nothing is, and never something that is not a folder in the copy',
      async () => {
        const gone = world.mover.restore(made.id, at('whole'), at('was gone'), options({ inPlace: true }));
        expect(await gone).toEqual({ files: 4, bytes: 8 });
        for (const path of ['whole/a/one.txt', 'whole/nothing']) {
          const restored = world.mover.restore(made.id, at(path), at('was gone'), options({ inPlace: true }));
          await expect(restored).rejects.toMatchObject({ code: 'part-missing' });
        }
        expect(await world.readTree(at('was gone'))).toEqual(WHOLE);
      },
    );

    promises('compares what was restored with the copy, and finds every difference', async () => {
      await world.mover.restore(made.id, at('whole'), at('compared'), options());
      await world.mover.restore(made.id, at('odd'), at('compared odd'), options());
      const both = [
        { pathInCopy: at('whole'), path: at('compared') },
        { pathInCopy: at('odd'), path: at('compared odd') },
      ];
      const compare = () => world.mover.compare(made.id, both, options());
      const same = await compare();
      expect(same.differences).toEqual([]);
      expect(same.entries).toBeGreaterThanOrEqual(7);
      await world.writeTree(at('compared'), { 'a/one.txt': 'ono' });
      const [changed, ...others] = (await compare()).differences;
      expect(changed).toContain(`${at('whole')}/a/one.txt`);
      expect(others).toEqual([]);
      await world.writeTree(at('compared'), { 'a/one.txt': 'one', 'a/new\n': '' });
      expect((await compare()).differences.join()).toMatch(/new.*not in the copy/s);
      const less = [{ pathInCopy: at('whole'), path: at('empty-restored') }];
      const { differences } = await world.mover.compare(made.id, less, options());
      expect(differences).toContainEqual(expect.stringMatching(/top.*missing/));
      await expect(world.mover.compare('0123abcd', less, options())).rejects.toMatchObject({ code: 'part-missing' });
    });

    promises('counts what a copy holds under each path', async () => {
      const paths = ['whole', 'some', 'whole/empty', 'whole/a/one.txt', 'who'].map(at);
      const counts = await world.mover.count(made.id, paths, options());
      expect(counts.map(({ lastChange: _ifKept, ...counted }) => counted)).toEqual([
        { path: at('whole'), isFolder: true, files: 4, directories: 3, bytes: 8 },
        { path: at('some'), isFolder: true, files: 3, directories: 2, bytes: 3 },
        { path: at('whole/empty'), isFolder: true, files: 0, directories: 0, bytes: 0 },
        { path: at('whole/a/one.txt'), isFolder: false, files: 1, directories: 0, bytes: 3 },
        { path: at('who'), isFolder: true, files: -1, directories: 0, bytes: 0 },
      ]);
    });

    promises('refuses to restore or count what is not in the repository', async () => {
      const restored = world.mover.restore(made.id, at('whole/nothing'), at('never'), options());
      await expect(restored).rejects.toMatchObject({ code: 'part-missing' });
      const counted = world.mover.count('0123abcd', [at('whole')], options());
      await expect(counted).rejects.toMatchObject({ code: 'part-missing' });
    });

    promises('stores nothing when a source path is missing or when aborted', async () => {
      const missing = copy(['whole', 'absent'], { tags: ['op_nothing'] });
      await expect(missing).rejects.toMatchObject({ code: 'part-missing', retryable: false });
      const signal = AbortSignal.abort(new Error('enough'));
      const request: CopyRequest = { paths: [at('whole')], exclude: [], tags: ['op_nothing'] };
      await expect(world.mover.copy(request, options({ signal }))).rejects.toThrow('enough');
      expect(await world.mover.list(['op_nothing'], options())).toEqual([]);
    });

    promises('copies changes on top of a parent, and everything when the parent is gone', async () => {
      const same = options();
      const request: CopyRequest = { paths: [at('grown')], exclude: [], tags: ['op_grown'] };
      const parent = await world.mover.copy(request, same);
      await world.writeTree(at('grown'), { new: 'new!' });
      // The same key: a result is handed out once.
      const grown = await world.mover.copy({ ...request, parent: parent.id }, same);
      expect(grown).toMatchObject({ files: 2, bytes: 7 });
      expect(grown.id).not.toBe(parent.id);
      expect(await copy(['grown'], { parent: '0123abcd', tags: ['op_late'] })).toMatchObject({ files: 2, bytes: 7 });
    });

    promises('lists copies with any of the tags, oldest first, and forgets them', async () => {
      const [parent, grown, late] = await world.mover.list(['op_late', 'op_grown'], options());
      expect([parent?.tags, grown?.tags, late?.tags]).toEqual([['op_grown'], ['op_grown'], ['op_late']]);
      await world.mover.forget([parent?.id ?? '', '0123abcd'], options());
      await world.mover.forget([parent?.id ?? ''], options());
      await world.mover.forget([], options());
      const left = await world.mover.list([], options());
      expect(left.map(({ id }) => id)).toEqual([made.id, grown?.id, late?.id]);
    });

    promises('gives back the space of what was dropped, once, and loses nothing of what is left', async () => {
      const dropped = await copy(['some'], { tags: ['op_dropped'] });
      await world.mover.forget([dropped.id], options());
      const pruned = await world.mover.prune(options());
      expect(pruned.freedBytes).toBeGreaterThan(0);
      expect(pruned.leftBytes).toBeGreaterThan(0);
      expect(await world.mover.prune(options())).toEqual({ freedBytes: 0, leftBytes: expect.any(Number) });
      await world.mover.restore(made.id, at('whole'), at('whole-after'), options());
      expect(await world.readTree(at('whole-after'))).toEqual(WHOLE);
    });

    promises('reads all data, slice by slice, and finds it as it was stored', async () => {
      for (const index of [1, 2]) {
        expect(await world.mover.reread({ index, of: 2 }, options())).toEqual({ problems: [], copyIds: [] });
      }
    });

    promises('lists a folder of a copy page by page, and reads a file of it', async () => {
      await world.writeTree(at('looked'), LOOKED);
      const { id } = await copy(['looked'], { tags: ['op_looked'] });
      const list = (path: string, from: number, limit: number) =>
        world.mover.listFolder(id, at(path), { from, limit }, {});
      const whole = await list('looked', 0, 100);
      expect(whole).toEqual({ entries: LISTED.map((entry) => expect.objectContaining(entry)), hasMore: false });
      expect(Date.parse(whole.entries[0]?.changedAt ?? '')).not.toBeNaN();
      const pages = [await list('looked', 0, 2), await list('looked', 2, 2), await list('looked', 4, 2)];
      expect(pages.flatMap(({ entries }) => entries)).toEqual(whole.entries);
      expect(pages.map(({ hasMore }) => hasMore)).toEqual([true, true, false]);
      expect(await list('looked/-r [x]*', 0, 10)).toMatchObject({ entries: [{ name: '--help\n', bytes: 4 }] });
      expect(await list('looked/empty', 0, 10)).toEqual({ entries: [], hasMore: false });
      expect(await list('looked', 100, 10)).toEqual({ entries: [], hasMore: false });
      const file = await world.mover.openFile(id, at('looked/-r [x]*/--help\n'), {});
      expect([file.bytes, await readAll(file.read())]).toEqual([4, 'dash']);
      const nothing = await world.mover.openFile(id, at('looked/größe'), {});
      expect([nothing.bytes, await readAll(nothing.read())]).toEqual([0, '']);
    });

    promises('finds neither a file nor a folder where there is none, whatever a pattern would find', async () => {
      const page = { from: 0, limit: 1 };
      for (const path of ['whole/nothing', 'whole/top', 'who', 'whol*', 'some/outa/x']) {
        const listed = world.mover.listFolder(made.id, at(path), page, {});
        await expect(listed).rejects.toMatchObject({ code: 'part-missing' });
      }
      for (const path of ['whole', 'whole/a', 'whole/nothing', 'whole/t*p']) {
        await expect(world.mover.openFile(made.id, at(path), {})).rejects.toMatchObject({ code: 'part-missing' });
      }
      const gone = world.mover.openFile('0123abcd', at('whole/top'), {});
      await expect(gone).rejects.toMatchObject({ code: 'part-missing' });
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(world.mover.listFolder(made.id, at('whole'), page, { signal })).rejects.toThrow('enough');
    });

    promises('adds a second password once, and finds its repository whole', async () => {
      await world.mover.addKey(world.otherPasswordFile, options());
      await world.mover.addKey(world.otherPasswordFile, options());
      await world.mover.check(options());
    });
  });
}
