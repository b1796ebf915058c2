import { PortError } from '../../src/errors.ts';
import type {
  Copy,
  CopyEntry,
  CopyOutcome,
  CopyRequest,
  DataMover,
  MoveOptions,
  RestoredPlace,
} from '../../src/mover/mover.ts';

/**
 * What is at an absolute path: the content of a file, null for a file that cannot be read. A folder is there when
 * something is below it; an empty one is a key that ends with a slash.
 */
export type FakeFiles = Map<string, string | null>;

export interface FakeCopy extends Copy {
  readonly entries: [path: string, content: string][];
}

/** The whole of a repository, plain JSON: it outlives the mover that a test kills. */
export interface FakeRepository {
  exists: boolean;
  copies: FakeCopy[];
  /** Copies ever made; names the next one. */
  made: number;
  /** Everything is refused while it is set. */
  heldBy?: string;
  /** Of copies that were dropped, until the next prune. */
  unusedBytes?: number;
  /** Copies whose data is damaged, all in the first slice. */
  damaged?: readonly string[];
}

export const emptyRepository = (): FakeRepository => ({ exists: false, copies: [], made: 0 });

/** So small that no file of a test comes at once. */
const PIECE_BYTES = 1_000;

const isAt = (path: string, entry: string) => entry === path || entry.startsWith(`${path}/`);
const isFile = ([path]: readonly [string, unknown]) => !path.endsWith('/');
const bytesOf = (content: string | null) => Buffer.byteLength(content ?? '');

/** The folders that an entry stands in, from just below `root` down to its own. */
function foldersOf(entry: string, root: string): string[] {
  const names = entry.slice(root.length + 1).split('/');
  return names.slice(0, -1).map((_, depth) => names.slice(0, depth + 1).join('/'));
}

function assertOpen(state: FakeRepository, { signal }: Pick<MoveOptions, 'signal'>): void {
  signal?.throwIfAborted();
  if (!state.exists) throw new PortError('repository-missing', 'There is no repository');
  if (state.heldBy) throw new PortError('repository-held', `It is held by ${state.heldBy}`, { retryable: true });
}

function findCopy(state: FakeRepository, id: string): FakeCopy {
  const found = state.copies.find((copy) => copy.id === id);
  if (!found) throw new PortError('part-missing', `There is no copy ${id}`);
  return found;
}

/** Copies what is at the paths, or nothing when one of them is missing. */
function makeCopy(state: FakeRepository, files: FakeFiles, request: CopyRequest, takenAt: string): CopyOutcome {
  const { paths, exclude, tags } = request;
  for (const path of paths) {
    if (![...files.keys()].some((entry) => isAt(path, entry)))
      throw new PortError('part-missing', `${path} is not there`);
  }
  const taken = [...files]
    .filter(([entry]) => paths.some((path) => isAt(path, entry)) && !exclude.some((path) => isAt(path, entry)))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const entries = taken.flatMap(([path, content]): [string, string][] => (content === null ? [] : [[path, content]]));
  state.made += 1;
  const bytes = entries.reduce((sum, [, content]) => sum + bytesOf(content), 0);
  const copy: Copy = {
    id: `copy${String(state.made).padStart(4, '0')}`,
    takenAt,
    paths: [...paths],
    tags: [...tags],
    files: entries.filter(isFile).length,
    bytes,
    addedBytes: bytes,
  };
  state.copies.push({ ...copy, entries });
  const unreadable = taken.filter(([, content]) => content === null).map(([path]) => path);
  return { ...copy, unreadable, durationMs: 0 };
}

function countEntries({ entries }: FakeCopy, path: string) {
  const below = entries.filter(([entry]) => isAt(path, entry));
  const folders = new Set(below.filter(([entry]) => entry !== path).flatMap(([entry]) => foldersOf(entry, path)));
  return {
    path,
    isFolder: !below.some(([entry]) => entry === path),
    files: below.length === 0 ? -1 : below.filter(isFile).length,
    directories: folders.size,
    bytes: below.reduce((sum, [, content]) => sum + bytesOf(content), 0),
  };
}

/** Undefined where there is no folder. */
function listEntries({ entries, takenAt }: FakeCopy, path: string): CopyEntry[] | undefined {
  const below = entries.filter(([entry]) => entry.startsWith(path === '/' ? '/' : `${path}/`));
  if (below.length === 0) return undefined;
  const names = below.map(([entry, content]) => {
    const [name = '', ...deeper] = entry.slice(path === '/' ? 1 : path.length + 1).split('/');
    const isFolder = deeper.length > 0;
    return { name, type: isFolder ? ('folder' as const) : ('file' as const), bytes: isFolder ? 0 : bytesOf(content) };
  });
  const found = new Map(names.filter(({ name }) => name !== '').map((entry) => [entry.name, entry]));
  return [...found.values()]
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)))
    .map((entry) => ({ ...entry, changedAt: takenAt }));
}

function compareFiles(copy: ReadonlyMap<string, string>, files: FakeFiles, { pathInCopy, path }: RestoredPlace) {
  const below = (entries: ReadonlyMap<string, string | null>, root: string) =>
    new Map(
      [...entries].flatMap(([at, text]) => (at.startsWith(`${root}/`) ? [[at.slice(root.length + 1), text]] : [])),
    );
  const [wanted, found] = [below(copy, pathInCopy), below(files, path)];
  const differences = [...new Set([...wanted.keys(), ...found.keys()])].flatMap((at) => {
    if (at === '' || wanted.get(at) === found.get(at)) return []; // '': the folder itself, which may be told or not
    return [
      `"${pathInCopy}/${at}" ${!found.has(at) ? 'is missing' : wanted.has(at) ? 'differs' : 'is not in the copy'}`,
    ];
  });
  return { found: found.size, differences };
}

/** What is ours stays. */
function removeBelow(files: FakeFiles, target: string): void {
  for (const entry of files.keys()) {
    if (entry.startsWith(`${target}/`) && !entry.startsWith(`${target}/.cml-op_`)) files.delete(entry);
  }
}

/** A data mover whose repository and files are in memory. Answers within the call: nothing of it can be adopted. */
export function createFakeMover(
  state: FakeRepository,
  files: FakeFiles,
  { now = () => new Date() }: { now?: () => Date } = {},
): DataMover {
  return {
    place: { is: 'folder', name: '/repository' },
    probe: async () => ({ name: 'fake', version: '1.0.0' }),
    async reach(options) {
      assertOpen(state, options);
    },
    async init({ signal }) {
      signal?.throwIfAborted();
      state.exists = true;
    },
    async addKey(_newPasswordFile, options) {
      assertOpen(state, options);
    },
    async copy(request, options) {
      assertOpen(state, options);
      const outcome = makeCopy(state, files, request, now().toISOString());
      options.onProgress?.({ filesDone: outcome.files, bytesDone: outcome.bytes });
      return outcome;
    },
    async prepareCopy(_request, { signal }) {
      signal?.throwIfAborted();
    },
    async list(tags, options) {
      assertOpen(state, options);
      const wanted = state.copies.filter((copy) => tags.length === 0 || copy.tags.some((tag) => tags.includes(tag)));
      return wanted.map(({ entries: _, ...copy }) => ({ ...copy }));
    },
    async count(copyId, paths, options) {
      assertOpen(state, options);
      const copy = findCopy(state, copyId);
      return paths.map((path) => countEntries(copy, path));
    },
    async restore(copyId, pathInCopy, target, options) {
      assertOpen(state, options);
      const found = findCopy(state, copyId).entries.filter(([entry]) => isAt(pathInCopy, entry));
      const isFolder = found.some(([entry]) => entry !== pathInCopy);
      if (found.length === 0 || (options.inPlace && !isFolder)) {
        throw new PortError('part-missing', `${pathInCopy} is not in ${copyId}`);
      }
      if (options.inPlace) removeBelow(files, target);
      files.set(`${target}/`, '');
      const root = isFolder ? pathInCopy : pathInCopy.slice(0, pathInCopy.lastIndexOf('/'));
      for (const [entry, content] of found) files.set(target + entry.slice(root.length), content);
      const { files: count, bytes } = countEntries({ entries: found } as FakeCopy, pathInCopy);
      return { files: count, bytes };
    },
    async compare(copyId, places, options) {
      assertOpen(state, options);
      const { entries } = findCopy(state, copyId);
      const compared = places.map((place) => compareFiles(new Map(entries), files, place));
      return {
        entries: compared.reduce((sum, { found }) => sum + found, 0),
        differences: compared.flatMap(({ differences }) => differences),
      };
    },
    async forget(ids, options) {
      assertOpen(state, options);
      const [left, dropped] = [false, true].map((isDropped) =>
        state.copies.filter(({ id }) => ids.includes(id) === isDropped),
      );
      state.copies = left ?? [];
      state.unusedBytes = (dropped ?? []).reduce((sum, { addedBytes }) => sum + addedBytes, state.unusedBytes ?? 0);
    },
    async prune(options) {
      assertOpen(state, options);
      const freedBytes = state.unusedBytes ?? 0;
      state.unusedBytes = 0;
      options.onProgress?.({ note: 'files deleted' });
      return { freedBytes, leftBytes: state.copies.reduce((sum, { addedBytes }) => sum + addedBytes, 0) };
    },
    async reread({ index }, options) {
      assertOpen(state, options);
      const copyIds = index === 1 ? (state.damaged ?? []) : [];
      return { problems: copyIds.map((id) => `data of ${id} is damaged`), copyIds };
    },
    check: async (options) => assertOpen(state, options),
    async listFolder(copyId, path, { from, limit }, options) {
      assertOpen(state, options);
      const entries = listEntries(findCopy(state, copyId), path);
      if (!entries) throw new PortError('part-missing', `${path} is no folder in ${copyId}`);
      return { entries: entries.slice(from, from + limit), hasMore: entries.length > from + limit };
    },
    async openFile(copyId, path, options) {
      assertOpen(state, options);
      const content = new Map(findCopy(state, copyId).entries).get(path);
      if (content === undefined) throw new PortError('part-missing', `${path} is no file in ${copyId}`);
      return {
        bytes: bytesOf(content),
        async *read() {
          const bytes = Buffer.from(content);
          for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
            options.signal?.throwIfAborted();
            yield bytes.subarray(at, at + PIECE_BYTES);
          }
        },
      };
    },
  };
}
