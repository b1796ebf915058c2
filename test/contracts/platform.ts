import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PortError } from '../../src/errors.ts';
import type { PartPlan } from '../../src/records/plan.ts';
import type { RunningNote, WorkspacePlatform } from '../../src/workspace/platform.ts';

/**
 * A workspace with at least two services, all up, at least two parts, and one check, named `whole`, that accepts what has
 * `good` in a file `file` of its first part; and a way to look at it from outside.
 */
export interface PlatformUnderTest {
  readonly platform: WorkspacePlatform;
  readonly operationId: string;
  readonly otherOperationId: string;
  /** In declared order. */
  readonly services: readonly string[];
  readonly parts: readonly string[];
  /** Of the operation; exists. */
  readonly folder: string;
  isUp(service: string): Promise<boolean>;
  /** Ends a service behind the platform's back. */
  takeDown(service: string): Promise<void>;
  /** Another life of the same platform. */
  again(): WorkspacePlatform;
  /** Arms the guard for now and waits until it has tried and told people. */
  letGuardTry(note: RunningNote): Promise<void>;
  /** What people were told urgently. */
  pages(): Promise<readonly string[]>;
  /** Makes folders as needed. */
  write(part: string, file: string, text: string): Promise<void>;
  remove(part: string, file: string): Promise<void>;
  /** Undefined when the file is not there. */
  read(part: string, file: string): Promise<string | undefined>;
  writeStaged(path: string, file: string, text: string): Promise<void>;
  /** Names of what stands at a displaced or staged place; undefined when the place is gone. */
  list(path: string): Promise<string[] | undefined>;
  stands(path: string): Promise<boolean>;
  readDefinition(): Promise<string | undefined>;
  writeDefinition(text: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface ContractOptions {
  /** Names of tests that a platform cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';

export function describePlatform(
  name: string,
  create: () => Promise<PlatformUnderTest>,
  { skip = {} }: ContractOptions = {},
): void {
  describe(`${name} as a workspace platform`, () => {
    let world: PlatformUnderTest;
    beforeEach(async () => {
      world = await create();
    });
    afterEach(() => world.dispose());
    const check = (title: string, work: () => Promise<void>) => it.skipIf(title in skip)(title, work);

    const states = async () => Promise.all(world.services.map((service) => world.isUp(service)));
    const plans = async (): Promise<readonly PartPlan[]> => (await world.platform.inspect()).parts;
    const quietly = async () => {
      const note = await world.platform.noteRunning(world.operationId);
      return { note, quiet: await world.platform.stop(note) };
    };
    const stageNew = async () => {
      const staged = await world.platform.stage(
        world.operationId,
        world.parts.map((part) => ({ part })),
      );
      for (const { path, part } of staged) await world.writeStaged(path, 'file', `new ${part}`);
      return staged;
    };
    const contents = async () => Promise.all(world.parts.map((part) => world.read(part, 'file')));
    const writeOld = async () => {
      for (const part of world.parts) await world.write(part, 'file', `old ${part}`);
    };
    const old = () => world.parts.map((part) => `old ${part}`);
    const fresh = () => world.parts.map((part) => `new ${part}`);

    check('looks without changing anything', async () => {
      await writeOld();
      const first = await world.platform.inspect();
      expect(first.services.map((service) => service.name)).toEqual(world.services);
      expect(first.services.every(({ running, ready }) => running && ready)).toBe(true);
      expect(first.parts.map((part) => part.name)).toEqual(expect.arrayContaining([...world.parts]));
      expect(first.parts.every(({ present, possible, capture }) => present && possible.includes(capture))).toBe(true);
      expect(first.notedBy).toBeUndefined();
      expect(await world.platform.readNote()).toBeUndefined();
      expect(await states()).toEqual(world.services.map(() => true));
    });

    check('counts files only when asked', async () => {
      await writeOld();
      const [part = ''] = world.parts;
      const find = async (count: boolean) =>
        (await world.platform.inspect({ count })).parts.find((state) => state.name === part);
      expect(await find(false)).toMatchObject({ files: 0, bytes: 0 });
      const counted = await find(true);
      expect(counted?.files).toBeGreaterThan(0);
      expect(counted?.bytes).toBeGreaterThanOrEqual(`old ${part}`.length);
    });

    check('counts what was written since a moment', async () => {
      await writeOld();
      const since = async (moment: string) =>
        (await world.platform.inspect({ count: true, since: moment })).parts
          .filter(({ name }) => world.parts.includes(name))
          .map((part) => part.writtenSince);
      expect(await since(FAR_AWAY)).toEqual(world.parts.map(() => 0));
      expect((await since('2001-01-01T00:00:00.000Z')).every((count) => count !== undefined && count > 0)).toBe(true);
    });

    check('captures the same definition every time and makes it present again', async () => {
      await world.writeDefinition('first');
      const captured = await world.platform.captureDefinition(world.folder);
      expect(await world.platform.captureDefinition(world.folder)).toEqual(captured);
      await world.writeDefinition('second');
      await world.platform.applyDefinition(captured.path);
      await world.platform.applyDefinition(captured.path);
      expect(await world.readDefinition()).toBe('first');
    });

    check('says in words of its own that a definition is not there', async () => {
      const applying = world.platform.applyDefinition(join(world.folder, 'nowhere.json'));
      await expect(applying).rejects.toBeInstanceOf(PortError);
    });

    check('notes what runs, and an existing note wins', async () => {
      const note = await world.platform.noteRunning(world.operationId);
      expect(note.services).toEqual(world.services.map((service) => ({ name: service, ready: true })));
      await world.platform.stop(note);
      expect(await world.platform.noteRunning(world.operationId)).toEqual(note);
      expect(await world.platform.readNote()).toEqual(note);
      expect((await world.platform.inspect()).notedBy).toBe(world.operationId);
    });

    check("refuses to overwrite another operation's note", async () => {
      await world.platform.noteRunning(world.operationId);
      await expect(world.platform.noteRunning(world.otherOperationId)).rejects.toMatchObject({ code: 'plan-changed' });
    });

    check('stops what ran, answers one quiet time when asked twice, and proves it', async () => {
      const { note, quiet } = await quietly();
      expect(await states()).toEqual(world.services.map(() => false));
      expect(await world.platform.stop(note)).toEqual(quiet);
      await world.platform.proveQuiet(quiet, await plans());
    });

    check('starts what ran and clears the note, also when asked twice', async () => {
      const { note } = await quietly();
      const started = await world.platform.start(note);
      expect([...started.services].sort()).toEqual([...world.services].sort());
      expect(await states()).toEqual(world.services.map(() => true));
      expect(await world.platform.readNote()).toBeUndefined();
      await world.platform.start(note);
      expect(await states()).toEqual(world.services.map(() => true));
    });

    check('leaves a service down that was down before', async () => {
      const [first = ''] = world.services;
      await world.takeDown(first);
      const { note } = await quietly();
      await world.platform.start(note);
      expect(await states()).toEqual(world.services.map((service) => service !== first));
    });

    check('ends the quiet time as soon as services are started', async () => {
      const { note, quiet } = await quietly();
      await world.platform.start(note);
      await expect(world.platform.proveQuiet(quiet, await plans())).rejects.toMatchObject({ code: 'not-quiet' });
      const again = await world.platform.stop(await world.platform.noteRunning(world.operationId));
      expect(again.token).not.toBe(quiet.token);
      await expect(world.platform.proveQuiet(quiet, await plans())).rejects.toMatchObject({ code: 'not-quiet' });
      await world.platform.proveQuiet(again, await plans());
    });

    check('arms and disarms the guard any number of times', async () => {
      const note = await world.platform.noteRunning(world.operationId);
      await world.platform.armGuard(note, FAR_AWAY);
      await world.platform.armGuard(note, FAR_AWAY);
      await world.platform.disarmGuard(world.operationId);
      await world.platform.disarmGuard(world.operationId);
      expect(await states()).toEqual(world.services.map(() => true));
    });

    check('makes no snapshot of parts that are not planned so', async () => {
      const { quiet } = await quietly();
      const parts = (await plans()).map((part) => ({ ...part, capture: 'cold' as const }));
      const plan = {
        workspace: 'any',
        release: '1',
        services: [],
        parts,
        leftOut: [],
        forecast: { downtimeMs: 0, totalMs: 0, basis: 'none' },
        budgetMs: 1,
        noticeMs: 0,
        parents: {},
        warnings: [],
      };
      expect(await world.platform.snapshot(world.operationId, plan, quiet)).toEqual([]);
      await world.platform.warmUp(world.operationId, parts, world.folder);
    });

    check('swaps staged data in and keeps what was live', async () => {
      await writeOld();
      const staged = await stageNew();
      expect(staged.map(({ part }) => part)).toEqual(world.parts);
      expect(await contents()).toEqual(old());
      const { note, quiet } = await quietly();
      expect(await world.platform.isReverted(world.operationId)).toBe(true);
      await world.platform.commit(world.operationId, staged, quiet);
      await world.platform.commit(world.operationId, staged, quiet);
      expect(await world.platform.isServed(world.operationId)).toBe(false);
      expect(await contents()).toEqual(fresh());
      expect(await world.platform.isReverted(world.operationId)).toBe(false);
      await world.platform.start(note);
      expect(await world.platform.isServed(world.operationId)).toBe(true);
      const places = await world.platform.keepDisplaced(world.operationId, FAR_AWAY);
      expect(places).toHaveLength(world.parts.length);
      for (const place of places) expect(await world.list(place)).toContain('file');
      expect(await world.platform.keepDisplaced(world.operationId, FAR_AWAY)).toEqual(places);
      expect(await world.platform.isServed(world.operationId)).toBe(true);
      await world.platform.release(world.operationId);
      expect(await world.platform.dropDisplaced('2026-01-01T00:00:00.000Z')).toEqual([]);
      expect(await world.platform.dropDisplaced(LATER)).toEqual(places);
      for (const place of places) expect(await world.list(place)).toBeUndefined();
      expect(await contents()).toEqual(fresh());
    });

    check('puts everything back as it was and leaves nothing', async () => {
      await writeOld();
      const staged = await stageNew();
      const { note, quiet } = await quietly();
      await world.platform.commit(world.operationId, staged, quiet);
      await world.platform.revert(world.operationId);
      await world.platform.revert(world.operationId);
      expect(await world.platform.isReverted(world.operationId)).toBe(true);
      expect(await contents()).toEqual(old());
      await world.platform.start(note);
      expect(await world.platform.isServed(world.operationId)).toBe(false);
      await world.platform.release(world.operationId);
      await world.platform.release(world.operationId);
      for (const { path } of staged) expect(await world.list(path)).toBeUndefined();
      expect(await world.platform.keepDisplaced(world.operationId, FAR_AWAY)).toEqual([]);
      expect(await contents()).toEqual(old());
    });

    check('does not hold a swap for served any more when its operation stops services again', async () => {
      const staged = await stageNew();
      const { note, quiet } = await quietly();
      await world.platform.commit(world.operationId, staged, quiet);
      await world.platform.start(note);
      await quietly();
      expect(await world.platform.isServed(world.operationId)).toBe(false);
    });

    check('swaps nothing when the quiet time is over', async () => {
      await writeOld();
      const staged = await stageNew();
      const { note, quiet } = await quietly();
      await world.platform.start(note);
      await expect(world.platform.commit(world.operationId, staged, quiet)).rejects.toMatchObject({
        code: 'not-quiet',
      });
      expect(await contents()).toEqual(old());
      expect(await world.platform.isReverted(world.operationId)).toBe(true);
    });

    check('makes empty scratch places away from everything live, and again when asked again', async () => {
      await writeOld();
      const wanted = world.parts.map((part) => ({ name: part, bytes: 10 }));
      const scratch = await world.platform.makeScratch(world.operationId, wanted);
      expect(scratch.map(({ part }) => part)).toEqual(world.parts);
      const live = (await plans()).map(({ path }) => path);
      for (const { path } of scratch) {
        expect(await world.list(path)).toEqual([]);
        expect(live.filter((part) => path === part || path.startsWith(`${part}/`))).toEqual([]);
        await world.writeStaged(path, 'file', 'half of it');
      }
      expect(await world.platform.makeScratch(world.operationId, wanted)).toEqual(scratch);
      for (const { path } of scratch) expect(await world.list(path)).toEqual([]);
      expect(await contents()).toEqual(old());
    });

    check('makes no scratch place where there is no room', async () => {
      const [name = ''] = world.parts;
      const making = world.platform.makeScratch(world.operationId, [{ name, bytes: 1e18 }]);
      await expect(making).rejects.toMatchObject({ code: 'preflight-failed' });
      await world.platform.release(world.operationId);
    });

    check('releases its own scratch places, and touches nothing else', async () => {
      await writeOld();
      const wanted = world.parts.map((part) => ({ name: part, bytes: 10 }));
      const mine = await world.platform.makeScratch(world.operationId, wanted);
      const others = await world.platform.makeScratch(world.otherOperationId, wanted);
      for (const { path } of [...mine, ...others]) await world.writeStaged(path, 'file', 'good');
      await world.platform.release(world.operationId);
      await world.platform.release(world.operationId);
      for (const { path } of mine) expect(await world.list(path)).toBeUndefined();
      for (const { path } of others) expect(await world.list(path)).toEqual(['file']);
      expect(await contents()).toEqual(old());
      expect(await states()).toEqual(world.services.map(() => true));
      await world.platform.release(world.otherOperationId);
      for (const { path } of others) expect(await world.list(path)).toBeUndefined();
    });

    check("runs the workspace's own checks on what was brought back, and says which does not accept it", async () => {
      const wanted = world.parts.map((part) => ({ name: part, bytes: 10 }));
      const scratch = await world.platform.makeScratch(world.operationId, wanted);
      const look = () => world.platform.runChecks(world.operationId, scratch, world.folder);
      await world.writeStaged(scratch[0]?.path ?? '', 'file', 'bad');
      await expect(look()).rejects.toMatchObject({ code: 'check-failed', message: expect.stringContaining('whole') });
      await world.writeStaged(scratch[0]?.path ?? '', 'file', 'good');
      expect(await look()).toMatchObject([{ check: expect.any(String) }]);
      expect(await look()).toHaveLength(1);
      const stopped = world.platform.runChecks(world.operationId, scratch, world.folder, {
        signal: AbortSignal.abort(new Error('enough')),
      });
      await expect(stopped).rejects.toThrow('enough');
      await world.platform.release(world.operationId);
    });

    check('has nothing to put back or to release for an operation that did nothing', async () => {
      await writeOld();
      await world.platform.revert(world.otherOperationId);
      await world.platform.release(world.otherOperationId);
      await world.platform.disarmGuard(world.otherOperationId);
      expect(await world.platform.isServed(world.otherOperationId)).toBe(false);
      expect(await world.platform.isReverted(world.otherOperationId)).toBe(true);
      expect(await contents()).toEqual(old());
    });
  });
}
