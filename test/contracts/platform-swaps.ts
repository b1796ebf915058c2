import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Quiet, RunningNote } from '../../src/workspace/platform.ts';
import type { StagedPart, StageWish } from '../../src/workspace/swaps.ts';
import type { ContractOptions, PlatformUnderTest } from './platform.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const FARTHER = '2999-01-15T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';
const THIRD = 'op_0000000003';

/** What an operation does with its live parts beyond swapping them whole. */
export function describePlatformSwaps(
  name: string,
  create: () => Promise<PlatformUnderTest>,
  { skip = {} }: ContractOptions = {},
): void {
  describe(`${name} as a place where parts are swapped`, () => {
    const check = (title: string, work: () => Promise<void>) => it.skipIf(title in skip)(title, work);
    let world: PlatformUnderTest;
    let first: string;
    let second: string;
    let one: string;
    let other: string;
    beforeEach(async () => {
      world = await create();
      [one = '', other = ''] = world.parts;
      first = world.operationId;
      second = world.otherOperationId;
    });
    afterEach(() => world.dispose());

    const down = async (operationId: string) => {
      const note = await world.platform.noteRunning(operationId);
      return { note, quiet: await world.platform.stop(note) };
    };
    const writeAll = async (part: string, files: Readonly<Record<string, string>>) => {
      for (const [file, text] of Object.entries(files)) await world.write(part, file, text);
    };
    const readAll = async (part: string, ...files: string[]) =>
      Promise.all(files.map((file) => world.read(part, file)));
    const FILES = ['models/a', 'models/b', 'notes.txt', 'stays'] as const;
    const OLD = ['old a', 'old b', 'old notes', 'stays'];
    const NEW = ['new a', undefined, 'new notes', 'stays'];
    const writeOld = () =>
      writeAll(one, { 'models/a': 'old a', 'models/b': 'old b', 'notes.txt': 'old notes', stays: 'stays' });
    const live = () => readAll(one, ...FILES);
    const folderWish = (): StageWish => ({ part: one, within: 'models', is: 'folder' });
    const fileWish = (): StageWish => ({ part: one, within: 'notes.txt', is: 'file' });
    const stageBoth = async (operationId: string) => {
      const staged = await world.platform.stage(operationId, [folderWish(), fileWish()]);
      await world.writeStaged(staged[0]?.path ?? '', 'a', 'new a');
      await world.writeStaged(staged[1]?.path ?? '', 'notes.txt', 'new notes');
      return staged;
    };
    const swapIn = async (operationId: string, staged: readonly StagedPart[]) => {
      const { note, quiet } = await down(operationId);
      await world.platform.commit(operationId, staged, quiet);
      return { note, quiet };
    };
    const finish = async (operationId: string, note: RunningNote, until = FAR_AWAY) => {
      await world.platform.start(note);
      const places = await world.platform.keepDisplaced(operationId, until);
      await world.platform.release(operationId);
      return places;
    };
    /** Swaps both parts whole and keeps what was displaced. */
    const restoreWhole = async (operationId: string, text: string, until = FAR_AWAY) => {
      const staged = await world.platform.stage(operationId, [{ part: one }, { part: other }]);
      for (const { path } of staged) await world.writeStaged(path, 'file', text);
      const { note } = await swapIn(operationId, staged);
      return finish(operationId, note, until);
    };
    const undo = async (operationId: string, undone: string) => {
      const staged = await world.platform.stageDisplaced(operationId, undone);
      const { note } = await swapIn(operationId, staged);
      return finish(operationId, note);
    };
    const files = async () => [await world.read(one, 'file'), await world.read(other, 'file')];
    const kept = async () => (await world.platform.displaced()).map(({ operationId }) => operationId);

    check('swaps a folder and a single file of a part alone, and puts them back', async () => {
      await writeOld();
      const staged = await stageBoth(first);
      expect(staged).toMatchObject([folderWish(), fileWish()]);
      expect(new Set(staged.map(({ path }) => path)).size).toBe(2);
      const { note, quiet } = await swapIn(first, staged);
      await world.platform.commit(first, staged, quiet);
      expect(await live()).toEqual(NEW);
      expect(await world.platform.isReverted(first)).toBe(false);
      await world.again().revert(first);
      await world.platform.revert(first);
      expect(await live()).toEqual(OLD);
      expect(await world.platform.isReverted(first)).toBe(true);
      await world.platform.start(note);
      await world.platform.release(first);
      for (const { path } of staged) expect(await world.stands(path)).toBe(false);
    });

    check('puts back by hand what never served, definition and data, from what it holds itself', async () => {
      await writeAll(one, { file: 'old' });
      await writeAll(other, { file: 'old' });
      await world.writeDefinition('the old one');
      const present = await world.platform.captureDefinition(world.folder);
      const staged = await world.platform.stage(first, [{ part: one }, { part: other }]);
      for (const { path } of staged) await world.writeStaged(path, 'file', 'new');
      const note = await world.platform.noteRunning(first);
      await world.platform.armGuard(note, FAR_AWAY, present);
      expect(await world.again().putBack(note)).toEqual([]);
      await world.platform.commit(first, staged, await world.platform.stop(note));
      await world.writeDefinition('the new one');
      expect(await files()).toEqual(['new', 'new']);
      expect(await world.again().putBack(note)).toEqual([first]);
      expect(await world.again().putBack(note)).toEqual([]);
      expect([...(await files()), await world.readDefinition()]).toEqual(['old', 'old', 'the old one']);
      expect(await world.platform.isReverted(first)).toBe(true);
      await world.platform.start(note);
      await world.platform.disarmGuard(first);
      await world.platform.release(first);
    });

    check('puts back nothing by hand that services run on, or whose definition it does not hold', async () => {
      const staged = await world.platform.stage(first, [{ part: one }]);
      await world.writeStaged(staged[0]?.path ?? '', 'file', 'new');
      const { note } = await swapIn(first, staged);
      expect(await world.platform.putBack(note)).toEqual([]);
      await world.platform.armGuard(note, FAR_AWAY);
      await world.platform.start(note);
      expect(await world.platform.putBack(note)).toEqual([]);
      await world.platform.disarmGuard(first);
      await finish(first, note);
      expect(await world.platform.putBack(note)).toEqual([]);
      expect(await world.read(one, 'file')).toBe('new');
    });

    check('is not confused by services that write and remove at a path that was swapped', async () => {
      await writeOld();
      const { note } = await swapIn(first, await stageBoth(first));
      await world.platform.start(note);
      await world.write(one, 'models/a', 'written since');
      await world.remove(one, 'notes.txt');
      expect(await world.platform.isServed(first)).toBe(true);
      const again = await down(first);
      await world.platform.revert(first);
      expect(await live()).toEqual(OLD);
      await world.platform.start(again.note);
    });

    check('brings in a path that was not there before, and takes it away again', async () => {
      await writeOld();
      const wishes: StageWish[] = [
        { part: one, within: 'models/fresh', is: 'folder' },
        { part: one, within: 'fresh.txt', is: 'file' },
      ];
      const staged = await world.platform.stage(first, wishes);
      await world.writeStaged(staged[0]?.path ?? '', 'c', 'new c');
      await world.writeStaged(staged[1]?.path ?? '', 'fresh.txt', 'new text');
      const fresh = () => readAll(one, 'models/fresh/c', 'fresh.txt');
      const { note } = await swapIn(first, staged);
      expect(await fresh()).toEqual(['new c', 'new text']);
      expect(await live()).toEqual(OLD);
      await world.platform.revert(first);
      expect(await fresh()).toEqual([undefined, undefined]);
      expect(await world.platform.isReverted(first)).toBe(true);
      expect(await live()).toEqual(OLD);
      await world.platform.start(note);
      await world.platform.release(first);
    });

    check('refuses a path whose folder is missing, that leaves its part, or that lies in another one', async () => {
      await writeOld();
      const refused: StageWish[][] = [
        [{ part: one, within: 'nowhere/deep' }],
        [{ part: one, within: 'notes.txt/deep' }],
        [folderWish(), { part: one, within: 'models/a', is: 'file' }],
        [{ part: one, within: 'models/a', is: 'file' }, folderWish()],
        [folderWish(), folderWish()],
        [{ part: one }, fileWish()],
        ...['', '.', '..', '../x', '/etc', 'a//b', 'models/', 'models/./a', 'models/../..'].map((within) => [
          { part: one, within },
        ]),
      ];
      for (const wishes of refused) {
        await expect(world.platform.stage(first, wishes)).rejects.toMatchObject({ code: 'preflight-failed' });
      }
      await world.platform.release(first);
      expect(await live()).toEqual(OLD);
    });

    check('swaps two paths of one part and a whole part beside, and keeps all that it displaced', async () => {
      await writeOld();
      await world.write(other, 'file', 'old file');
      const staged = [...(await stageBoth(first))];
      const three = await world.platform.stage(first, [folderWish(), fileWish(), { part: other }]);
      expect(three.slice(0, 2)).toEqual(staged);
      await world.writeStaged(three[0]?.path ?? '', 'a', 'new a');
      await world.writeStaged(three[1]?.path ?? '', 'notes.txt', 'new notes');
      await world.writeStaged(three[2]?.path ?? '', 'file', 'new file');
      const { note } = await swapIn(first, three);
      expect([...(await live()), await world.read(other, 'file')]).toEqual([...NEW, 'new file']);
      const places = await finish(first, note);
      expect(places).toHaveLength(3);
      for (const place of places) expect(await world.stands(place)).toBe(true);
      expect((await world.platform.displaced())[0]?.parts).toMatchObject([
        { part: one, within: 'models', path: places[0] },
        { part: one, within: 'notes.txt', path: places[1] },
        { part: other, path: places[2] },
      ]);
      expect(await world.platform.dropDisplaced(LATER)).toEqual(places);
      for (const place of places) expect(await world.stands(place)).toBe(false);
      expect([...(await live()), await world.read(other, 'file')]).toEqual([...NEW, 'new file']);
    });

    check('keeps a copy of the definition with what was displaced, lists it, and drops it with it', async () => {
      await world.writeDefinition('the present one');
      const captured = await world.platform.captureDefinition(world.folder);
      const staged = await world.platform.stage(first, [{ part: one }]);
      const { note } = await swapIn(first, staged);
      await world.platform.start(note);
      const places = await world.platform.keepDisplaced(first, FAR_AWAY, captured);
      expect(await world.platform.keepDisplaced(first, FAR_AWAY, captured)).toEqual(places);
      await world.platform.release(first);
      await restoreWhole(second, 'newer', FARTHER);
      const [oldest, newest] = await world.again().displaced();
      expect(oldest).toMatchObject({ operationId: first, until: FAR_AWAY, parts: [{ part: one, path: places[0] }] });
      expect(oldest?.definition).toMatchObject({ sha256: captured.sha256, release: captured.release });
      expect(newest).toMatchObject({ operationId: second, until: FARTHER });
      expect(newest?.definition).toBeUndefined();
      const copy = oldest?.definition?.path ?? '';
      expect(copy).not.toBe(captured.path);
      await world.writeDefinition('another one');
      await world.platform.applyDefinition(copy);
      expect(await world.readDefinition()).toBe('the present one');
      expect(await world.platform.dropDisplaced('2999-01-02T00:00:00.000Z')).toEqual(places);
      expect(await kept()).toEqual([second]);
      await expect(world.platform.applyDefinition(copy)).rejects.toThrow();
    });

    check('offers what was displaced, brings it in, and keeps what that displaces in turn', async () => {
      await writeAll(one, { file: 'old' });
      await writeAll(other, { file: 'old' });
      const places = await restoreWhole(first, 'new');
      const staged = await world.platform.stageDisplaced(second, first);
      expect(staged.map(({ part, path }) => [part, path])).toEqual([
        [one, places[0]],
        [other, places[1]],
      ]);
      expect(await world.platform.stageDisplaced(second, first)).toEqual(staged);
      await world.platform.release(second);
      for (const place of places) expect(await world.stands(place)).toBe(true);
      const { note, quiet } = await swapIn(second, staged);
      await world.platform.commit(second, staged, quiet);
      expect(await files()).toEqual(['old', 'old']);
      expect(await world.platform.isReverted(second)).toBe(false);
      expect(await kept()).toEqual([first]);
      await world.platform.start(note);
      const displaced = await world.platform.keepDisplaced(second, FAR_AWAY);
      expect(displaced).toHaveLength(2);
      expect(await kept()).toEqual([second]);
      await world.platform.release(second);
      expect(await world.platform.isServed(second)).toBe(true);
      for (const place of places) expect(await world.stands(place)).toBe(false);
      expect(await world.platform.dropDisplaced(LATER)).toEqual(displaced);
      expect(await files()).toEqual(['old', 'old']);
    });

    check('leaves what was displaced to its operation when an undo is put back, and undoes it later', async () => {
      await writeAll(one, { file: 'old' });
      const places = await restoreWhole(first, 'new');
      const { note } = await swapIn(second, await world.platform.stageDisplaced(second, first));
      await world.again().revert(second);
      await world.platform.revert(second);
      expect(await files()).toEqual(['new', 'new']);
      expect(await world.platform.isReverted(second)).toBe(true);
      await world.platform.start(note);
      await world.platform.release(second);
      expect(await kept()).toEqual([first]);
      for (const place of places) expect(await world.stands(place)).toBe(true);
      await undo(second, first);
      expect((await files())[0]).toBe('old');
    });

    check('does not put an undo back any more once what it displaced is kept', async () => {
      await writeAll(one, { file: 'old' });
      await restoreWhole(first, 'new');
      await undo(second, first);
      await expect(world.platform.revert(second)).rejects.toMatchObject({ code: 'swap-failed' });
      expect((await files())[0]).toBe('old');
      expect(await kept()).toEqual([second]);
    });

    check('undoes an undo', async () => {
      await writeAll(one, { file: 'old' });
      await writeAll(other, { file: 'old' });
      await restoreWhole(first, 'new');
      await undo(second, first);
      expect(await files()).toEqual(['old', 'old']);
      await undo(THIRD, second);
      expect(await files()).toEqual(['new', 'new']);
      expect(await kept()).toEqual([THIRD]);
      await undo(first, THIRD);
      expect(await files()).toEqual(['old', 'old']);
      expect(await world.platform.dropDisplaced(LATER)).toHaveLength(2);
      expect(await files()).toEqual(['old', 'old']);
    });

    check('undoes a restore of paths, of one that was not there before too, and undoes that', async () => {
      await writeOld();
      const fresh: StageWish = { part: one, within: 'fresh.txt', is: 'file' };
      const staged = await world.platform.stage(first, [folderWish(), fileWish(), fresh]);
      await world.writeStaged(staged[0]?.path ?? '', 'a', 'new a');
      await world.writeStaged(staged[1]?.path ?? '', 'notes.txt', 'new notes');
      await world.writeStaged(staged[2]?.path ?? '', 'fresh.txt', 'fresh');
      const { note } = await swapIn(first, staged);
      expect(await finish(first, note)).toHaveLength(2);
      expect(await undo(second, first)).toHaveLength(3);
      expect([...(await live()), await world.read(one, 'fresh.txt')]).toEqual([...OLD, undefined]);
      expect(await undo(THIRD, second)).toHaveLength(2);
      expect([...(await live()), await world.read(one, 'fresh.txt')]).toEqual([...NEW, 'fresh']);
    });

    check('has nothing to offer that is not kept', async () => {
      const gone = { code: 'part-missing' };
      await expect(world.platform.stageDisplaced(second, first)).rejects.toMatchObject(gone);
      await restoreWhole(first, 'new');
      await world.platform.dropDisplaced(LATER);
      await expect(world.platform.stageDisplaced(second, first)).rejects.toMatchObject(gone);
      await restoreWhole(first, 'newer');
      await undo(second, first);
      await expect(world.platform.stageDisplaced(THIRD, first)).rejects.toMatchObject(gone);
    });

    check('drops nothing that is held or that a swap needs which is not settled', async () => {
      const places = await restoreWhole(first, 'new');
      expect(await world.platform.dropDisplaced(LATER, [first])).toEqual([]);
      const { note } = await swapIn(second, await world.platform.stageDisplaced(second, first));
      expect(await world.platform.dropDisplaced(LATER)).toEqual([]);
      await world.platform.revert(second);
      await world.platform.start(note);
      await world.platform.release(second);
      expect(await files()).toEqual(['new', 'new']);
      expect(await world.platform.dropDisplaced(LATER, [second])).toEqual(places);
    });

    describe('in place', () => {
      let note: RunningNote;
      let quiet: Quiet;
      beforeEach(async () => {
        await writeAll(one, { file: 'old' });
        ({ note, quiet } = await down(first));
      });
      const isUp = async () => (await Promise.all(world.services.map((service) => world.isUp(service)))).includes(true);

      check('hands out the live parts and starts nothing until they are whole again', async () => {
        const places = await world.platform.beginInPlace(first, [one], quiet);
        expect(await world.platform.beginInPlace(first, [one], quiet)).toEqual(places);
        const inspection = await world.platform.inspect();
        const path = inspection.parts.find((part) => part.name === one)?.path;
        expect(places).toMatchObject([{ part: one, path }]);
        await expect(world.platform.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
        await world.platform.release(first);
        await world.platform.endInPlace(second, 'restored');
        expect(await world.platform.inPlace(second)).toBeUndefined();
        const next = world.again();
        expect(await next.inPlace(first)).toBe('writing');
        await expect(next.start(note)).rejects.toMatchObject({ code: 'unknown-data' });
        expect(await isUp()).toBe(false);
        await next.endInPlace(first, 'restored');
        await next.endInPlace(first, 'restored');
        expect(await next.inPlace(first)).toBe('restored');
        await next.start(note);
        expect(await isUp()).toBe(true);
        await next.release(first);
        expect(await next.inPlace(first)).toBeUndefined();
      });

      check('refuses a part that is not there, and does not begin when the quiet time is over', async () => {
        const beginning = world.platform.beginInPlace(first, [one, 'nobody'], quiet);
        await expect(beginning).rejects.toMatchObject({ code: 'part-missing' });
        expect(await world.platform.inPlace(first)).toBeUndefined();
        await world.platform.start(note);
        const late = world.platform.beginInPlace(first, [one], quiet);
        await expect(late).rejects.toMatchObject({ code: 'not-quiet' });
        expect(await world.platform.inPlace(first)).toBeUndefined();
      });

      check('keeps the guard from starting anything; it pages and leaves the operation its quiet time', async () => {
        await world.platform.beginInPlace(first, [one], quiet);
        await world.letGuardTry(note);
        expect(await isUp()).toBe(false);
        expect(await world.pages()).toHaveLength(1);
        await world.platform.proveQuiet(quiet, []);
        await world.platform.disarmGuard(first);
        await world.platform.endInPlace(first, 'previous');
        await world.platform.start(note);
        expect(await isUp()).toBe(true);
      });
    });
  });
}
