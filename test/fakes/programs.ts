import { PortError } from '../../src/errors.ts';
import type { DataMover, MoveOptions } from '../../src/mover/mover.ts';
import type { Life } from './mortal.ts';
import { createFakeMover, type FakeFiles } from './mover.ts';
import { watchCompleted } from './watch.ts';
import { advance, type FakeProgram, readTree, type World, writeInto } from './world.ts';

/**
 * The mover of one life. What it runs are programs of the world: each goes on when the life that began it is dead, and the
 * next life that asks for the same key adopts it.
 */
export function createMortalMover(world: World, life: Pick<Life, 'effect' | 'isDead'>): DataMover {
  const { effect } = life;
  const now = () => new Date(world.time.now());
  const over = (files: FakeFiles) => createFakeMover(world.repository, files, { now });
  const plain = over(new Map());

  return {
    place: plain.place,
    probe: () => effect('mover.probe', () => plain.probe()),
    reach: (options) => effect('mover.reach', () => plain.reach(options), options),
    init: (options) => effect('mover.init', () => plain.init(options), options),
    addKey: (file, options) => effect('mover.addKey', () => plain.addKey(file, options), options),
    list: (tags, options) => effect(`mover.list ${options.key}`, () => plain.list(tags, options), options),
    count: (id, paths, options) => effect(`mover.count ${options.key}`, () => plain.count(id, paths, options), options),
    prepareCopy: (request, options) =>
      effect(`mover.prepareCopy ${options.key}`, () => plain.prepareCopy(request, options), options),
    listFolder: (copyId, path, page, options) => plain.listFolder(copyId, path, page, options),
    openFile: (copyId, path, options) => plain.openFile(copyId, path, options),
    check: (options) => effect('mover.check', () => plain.check(options), options),
    prune: (options) => follow(world, life, options, [() => undefined], () => plain.prune(withoutSignal(options))),
    reread: (slice, options) =>
      effect(`mover.reread ${options.key}`, () => plain.reread(slice, withoutSignal(options)), options),
    async copy(request, options) {
      const files: FakeFiles = new Map();
      const reads = request.paths.map((path) => () => readInto(world, files, path));
      const store = () => over(files).copy(request, withoutSignal(options));
      return follow(world, life, options, reads, store);
    },
    async restore(copyId, pathInCopy, target, options) {
      const files: FakeFiles = new Map();
      const read = () => over(files).restore(copyId, pathInCopy, target, withoutSignal(options));
      const counted = await effect(`mover.restore ${options.key}`, read, options);
      const entries = [...files].flatMap(([path, content]) => {
        const name = path.slice(target.length + 1);
        return name === '' ? [] : [() => writeInto(world, target, name, content ?? '')];
      });
      const half = Math.ceil(entries.length / 2);
      const names = new Set([...files.keys()].map((path) => path.slice(target.length + 1)));
      const remove = () => {
        const live = world.trees.get(target);
        for (const name of [...(live?.keys() ?? [])]) if (!names.has(name)) live?.delete(name);
      };
      const writes = [entries.slice(0, half), entries.slice(half)].map((some) => () => {
        for (const write of some) write();
      });
      return follow(world, life, options, options.inPlace ? [remove, ...writes] : writes, () => counted);
    },
    compare: (copyId, places, options) =>
      effect(
        `mover.compare ${options.key}`,
        () => {
          const files: FakeFiles = new Map();
          for (const { path } of places) readInto(world, files, path);
          return over(files).compare(copyId, places, withoutSignal(options));
        },
        options,
      ),
    async forget(ids, options) {
      for (const id of ids) {
        await effect(
          'mover.forget',
          async () => {
            await plain.forget([id], options);
            watchCompleted(world);
          },
          options,
        );
      }
    },
  };
}

function readInto(world: World, files: FakeFiles, path: string): void {
  const tree = readTree(world, path);
  if (!tree) throw new PortError('part-missing', `${path} is not there`);
  files.set(`${path}/`, '');
  for (const [name, text] of tree) {
    const file = `${path}/${name}`;
    files.set(file, world.unreadable.has(file) ? null : text);
  }
}

/** Begins or adopts the program under this key and follows it to its end; its result is handed out once. */
async function follow<Result>(
  world: World,
  life: Pick<Life, 'effect' | 'isDead'>,
  options: MoveOptions,
  acts: readonly (() => unknown)[],
  last: () => Result | Promise<Result>,
): Promise<Result> {
  const place = `${options.folder}/${options.key}`;
  const { key } = options;
  const running = await life.effect(`mover.begin ${key}`, () => adopt(world, life, place, [...acts, last]), options);
  try {
    while (running.next < running.acts.length) {
      await life.effect(`mover.goes on ${key}`, () => advance(running), options);
    }
    const result = (await running.result) as Result;
    // Handing out is not an effect of its own: a result that nobody received waits for the next life.
    if (!life.isDead()) world.programs.delete(place);
    return result;
  } catch (error) {
    world.programs.delete(place);
    throw error;
  }
}

function adopt(world: World, life: Pick<Life, 'isDead'>, place: string, acts: FakeProgram['acts']): FakeProgram {
  const isFollowed = () => !life.isDead();
  const standing = world.programs.get(place);
  if (standing) return Object.assign(standing, { isFollowed });
  const program: FakeProgram = { next: 0, acts, isFollowed, result: undefined };
  world.programs.set(place, program);
  return program;
}

function withoutSignal({ signal: _signal, ...options }: MoveOptions): MoveOptions {
  return options;
}
