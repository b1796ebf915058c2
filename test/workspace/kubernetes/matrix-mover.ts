import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { PortError } from '../../../src/errors.ts';
import type { Copy, CopyOutcome, DataMover, MoveOptions } from '../../../src/mover/mover.ts';
import type { PrepareProgram, Program, RunProgram } from '../../../src/program.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, NOTES, placeOf } from '../../../src/workspace/kubernetes/names.ts';
import { eventually, type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';

/** The whole of a repository: a directory for each path of each copy. It outlives every life. */
export interface TreeRepository {
  readonly folder: string;
  copies: Copy[];
  made: number;
}

export interface MatrixMoverOptions {
  readonly layout: Layout;
  readonly repository: TreeRepository;
  /** The platform's: a program beside the data stands for the one that would move it. */
  readonly run: RunProgram;
  readonly prepare: PrepareProgram;
  /** What that program does, as shell. Absent: nothing. */
  readonly script?: string;
}

/** Moves whole trees between the directories behind the places. Its programs are Jobs, as those of a real one. */
export function createMatrixMover({
  layout,
  repository,
  run,
  prepare,
  script = 'true',
}: MatrixMoverOptions): DataMover {
  const behind = (path: string, { folder }: MoveOptions) => directoryBehind(layout, path, basename(folder));
  const programFor = (paths: readonly string[], access: 'read' | 'write', key: string): Program => {
    const places = paths.filter((path) => placeOf(path)).map((path) => ({ path, access }));
    return { key, command: 'sh', args: ['-c', script], needs: { places } };
  };
  async function visit(paths: readonly string[], access: 'read' | 'write', options: MoveOptions): Promise<void> {
    const program = programFor(paths, access, options.key);
    if (program.needs?.places?.length !== 0) await runOf(program, options);
  }
  async function runOf(program: Program, { folder, signal }: MoveOptions): Promise<void> {
    const { exitCode, stderr } = await run(program, { folder, ...(signal ? { signal } : {}) });
    if (exitCode !== 0)
      throw new PortError('mover-unavailable', `The mover ended with ${exitCode}: ${stderr.join(' ')}`, {
        retryable: true,
      });
  }
  const copyOf = (id: string): Copy => {
    const found = repository.copies.find((one) => one.id === id);
    if (!found) throw new PortError('part-missing', `There is no copy ${id}`);
    return found;
  };
  const stored = (id: string, path: string): string => {
    const root = copyOf(id).paths.find((one) => path === one || path.startsWith(`${one}/`));
    if (root === undefined) throw new PortError('part-missing', `${path} is not in ${id}`);
    return join(repository.folder, id, String(copyOf(id).paths.indexOf(root)), path.slice(root.length));
  };
  return {
    place: { is: 'folder', name: '/repository' },
    probe: async () => ({ name: 'trees', version: '1.0.0' }),
    reach: (options) => runOf({ ...programFor([], 'read', options.key), needs: { nearData: true } }, options),
    init: async () => undefined,
    addKey: async () => undefined,
    check: async () => undefined,
    prune: async () => ({ freedBytes: 0, leftBytes: 0 }),
    reread: async () => ({ problems: [], copyIds: [] }),
    listFolder: async () => Promise.reject(new Error('nobody looks into copies in a matrix')),
    openFile: async () => Promise.reject(new Error('nobody looks into copies in a matrix')),
    list: async (tags) => repository.copies.filter((copy) => tags.length === 0 || sharesTag(copy, tags)),
    async forget(ids) {
      for (const id of ids) rmSync(join(repository.folder, id), { recursive: true, force: true });
      repository.copies = repository.copies.filter(({ id }) => !ids.includes(id));
    },
    prepareCopy: ({ paths }, { folder, key, signal }) =>
      prepare(programFor(paths, 'read', key), { folder, ...(signal ? { signal } : {}) }),
    async copy({ paths, exclude, tags }, options): Promise<CopyOutcome> {
      await visit(paths, 'read', options);
      repository.made += 1;
      const id = String(repository.made).padStart(64, '0');
      for (const [at, path] of paths.entries()) {
        const target = join(repository.folder, id, String(at));
        await copyTree(behind(path, options), target);
        for (const left of exclude.filter((one) => one.startsWith(`${path}/`)))
          rmSync(join(target, left.slice(path.length)), { recursive: true, force: true });
      }
      const { files, bytes } = countIn(join(repository.folder, id));
      const facts = { id, takenAt: new Date().toISOString(), paths: [...paths], tags: [...tags] };
      const copy: Copy = { ...facts, files, bytes, addedBytes: bytes };
      repository.copies.push(copy);
      return { ...copy, unreadable: [], durationMs: 0 };
    },
    count: async (id, paths) =>
      paths.map((path) => ({
        path,
        ...countIn(stored(id, path)),
        isFolder: lstatSync(stored(id, path)).isDirectory(),
      })),
    async restore(id, pathInCopy, target, options) {
      await visit([target], 'write', options);
      const from = stored(id, pathInCopy);
      const counted = countIn(from);
      const to = placeOf(target) ? await soon(layout, () => behind(target, options)) : target;
      if (lstatSync(from).isDirectory()) await copyTree(from, to);
      else await execa('cp', ['-a', from, to]);
      return counted;
    },
    compare: async () => ({ entries: 0, differences: ['this mover compares nothing'] }),
  };
}

const sharesTag = ({ tags }: Copy, wanted: readonly string[]) => tags.some((tag) => wanted.includes(tag));

/** Nothing is left over from before. The root itself stays: it may be that of a volume. */
async function copyTree(from: string, to: string): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(to)) rmSync(join(to, name), { recursive: true, force: true });
  await execa('cp', ['-aT', from, to]);
}

function countIn(path: string): { files: number; directories: number; bytes: number } {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (!entry) return { files: -1, directories: 0, bytes: 0 };
  if (!entry.isDirectory()) return { files: 1, directories: 0, bytes: entry.isFile() ? entry.size : 0 };
  const total = { files: 0, directories: 0, bytes: 0 };
  for (const name of readdirSync(path)) {
    const below = countIn(join(path, name));
    total.files += below.files;
    total.bytes += below.bytes;
    total.directories += below.directories + (lstatSync(join(path, name)).isDirectory() ? 1 : 0);
  }
  return total;
}

async function soon(layout: Layout, look: () => string): Promise<string> {
  await eventually(layout.lab, 5_000, () => {
    try {
      look();
      return undefined;
    } catch (error) {
      return String(error);
    }
  });
  return look();
}

/** Of a place, where its bytes are; any other path is one of this machine. */
function directoryBehind(layout: Layout, path: string, operationId: string): string {
  const found = placeOf(path);
  if (!found) return path;
  const { place, below } = found;
  if (place.life === 'live') return join(layout.directoryOf(place.part), below);
  const { store, world } = layout.lab;
  const name = claimNameOf(place.life, place.operationId ?? operationId, place.part);
  const claim = store.get(kinds.CLAIM, name, WORKSPACE);
  if (!claim?.spec.volumeName) throw new PortError('part-missing', `${name} is not bound`);
  return join(world.directoryOf(claim.spec.volumeName), claim.metadata.annotations?.[NOTES.within] ?? '', below);
}
