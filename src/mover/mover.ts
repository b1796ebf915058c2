import type { Progress } from '../records/operation.ts';

/** What this mover can do, found out by asking it, not assumed. */
export interface MoverFacts {
  readonly name: string;
  readonly version: string;
}

export interface MoveOptions {
  /** Folder of the operation, for output files. */
  readonly folder: string;
  /** Unique in the operation and the same on every try: what runs under it already is adopted. */
  readonly key: string;
  readonly signal?: AbortSignal;
  /** Nobody waits for it: it gives way to whatever else the machine has to do, and takes longer where that is much. */
  readonly yields?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

export interface CopyRequest {
  /** Absolute paths; each must exist. All go into one copy, under their own absolute paths. */
  readonly paths: readonly string[];
  /** Absolute paths left out. */
  readonly exclude: readonly string[];
  /** For finding only: `op_...`, `pre-copy`. */
  readonly tags: readonly string[];
  /** The copy whose unchanged files are not read again. Always explicit. */
  readonly parent?: string;
  /**
   * Others write meanwhile, and a later copy with this one as its parent takes what changed. What changes while this one
   * is made is read whole by that later one, even when neither size nor time tell that it changed again.
   */
  readonly isFirstPass?: boolean;
  /** How many files the paths hold, as far as they were counted: what runs elsewhere is given memory for them. */
  readonly files?: number;
}

/** What one copy holds, by the repository's own account. Sizes in bytes, times ISO. */
export interface Copy {
  readonly id: string;
  readonly takenAt: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly addedBytes: number;
}

export interface CopyOutcome extends Copy {
  /** Absolute paths that could not be read. Together with those that vanished never empty when the copy is partial. */
  readonly unreadable: readonly string[];
  /** Absolute paths that were listed and gone when it was their turn; absent when there are none. */
  readonly vanished?: readonly string[];
  /** Of a first pass: something that changed meanwhile may not be touched by us, so a later change may be missed. */
  readonly unmarked?: boolean;
  readonly durationMs: number;
}

export interface RestoreOptions extends MoveOptions {
  /** The target is the live folder itself: there is no room beside. */
  readonly inPlace?: boolean;
}

/** A folder of a copy, and where it was restored. */
export interface RestoredPlace {
  readonly pathInCopy: string;
  readonly path: string;
}

/** One share of so many: together they are all content, and each time another one is read. */
export interface ContentShare {
  /** From 0. */
  readonly share: number;
  readonly of: number;
}

export interface CompareOptions extends MoveOptions {
  /** Reads only this share of the content; everything else is compared of all entries. Absent: all content. */
  readonly share?: ContentShare | undefined;
}

export interface Comparison {
  /** Everything on the disk that was compared, folders too. */
  readonly entries: number;
  /** One sentence each, the first ones only. None: what was restored is what the copy holds. */
  readonly differences: readonly string[];
}

export interface PathCount {
  readonly path: string;
  /** False for a single file. */
  readonly isFolder: boolean;
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  /** Paths so long that the same file beside the live data would have one longer than the system takes; the topmost ones. */
  readonly tooDeep?: readonly string[];
  /** What below the path, itself too, was changed last before it was copied, by its change time; absent where that is not kept. */
  readonly lastChange?: { readonly path: string; readonly at: string };
}

/** Bytes, as exact as the mover says. */
export interface Pruned {
  readonly freedBytes: number;
  readonly leftBytes: number;
}

/** The slices 1 to `of` (at most 256) are all there is; what is stored stays in the same one as long as `of` is the same. */
export interface Slice {
  readonly index: number;
  readonly of: number;
}

export interface Reread {
  /** One sentence each, the first ones only. None: all is as it was stored. */
  readonly problems: readonly string[];
  /** Copies that need something that is damaged, as far as the mover can tell. */
  readonly copyIds: readonly string[];
}

/** What stands in a folder of a copy. Bytes are 0 for all that is no file; times ISO. */
export interface CopyEntry {
  /** Its last name; of one that is not UTF-8, with U+FFFD for each wrong byte, and then nothing finds it by that name. */
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  readonly changedAt?: string;
}

/** Some of a folder's entries. A copy never changes, so that a place in it is a number. */
export interface FolderPage {
  readonly entries: readonly CopyEntry[];
  readonly hasMore: boolean;
}

/** A file of a copy that can be read now. */
export interface OpenedFile {
  readonly bytes: number;
  /**
   * Its content, from the first byte on. Read from the repository as it is asked for, and no further; left off early, or
   * with `signal` aborted, what reads it is ended. Throws when it could not be read to its end.
   */
  read(): AsyncIterable<Uint8Array>;
}

/** As its location says it, without the login that this may hold: a folder here, a host, or a service known by a name. */
export interface RepositoryPlace {
  readonly is: 'folder' | 'host' | 'service';
  readonly name: string;
}

/** For what people look at: nothing of it survives us. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Moves data into and out of one repository. Every call may be repeated. Rejects with `PortError`:
 * `mover-missing`, `repository-missing`, `repository-password`, `repository-held` (retryable), `disk-full`,
 * `mover-unavailable`; with the signal's reason when aborted.
 */
export interface DataMover {
  /** Where its repository is. */
  readonly place: RepositoryPlace;
  /** Looks at the program only, touches no repository. @throws PortError `mover-missing` when absent or too old. */
  probe(): Promise<MoverFacts>;
  /**
   * Opens the repository from where copies are made, which may be another network than ours; reads next to nothing.
   * Answers within a minute once the program runs.
   */
  reach(options: MoveOptions): Promise<void>;
  /** Creates the repository; does nothing when it is there and the password opens it. */
  init(options: MoveOptions): Promise<void>;
  /** Adds a second password that opens the repository. */
  addKey(newPasswordFile: string, options: MoveOptions): Promise<void>;
  /**
   * Copies; a source path that is missing is an error before anything is written.
   * Resolves also when some files could not be read: look at `unreadable`.
   */
  copy(request: CopyRequest, options: MoveOptions): Promise<CopyOutcome>;
  /** Has everything ready that `copy` with the same request and key will take, so that it begins at once; reads nothing. */
  prepareCopy(request: CopyRequest, options: MoveOptions): Promise<void>;
  /** Copies with any of the tags (all copies when none are given), oldest first, read from the repository now. */
  list(tags: readonly string[], options: MoveOptions): Promise<Copy[]>;
  /**
   * Counts what a copy holds under each path, by reading the copy's tree. A path that is not in it counts -1 files, one
   * that is a file 1. Paths are taken literally, here and in `restore`.
   */
  count(copyId: string, paths: readonly string[], options: MoveOptions): Promise<PathCount[]>;
  /**
   * Restores a folder at `pathInCopy` as the folder `target`, with the owner, mode, times and attributes it had; a file goes
   * into `target` as `<target>/<name>`. What an earlier try left in `target` is replaced; `<target>.partial` is used
   * meanwhile. Resolves only when everything was written. Files are all that is not a directory.
   *
   * With `inPlace` only a folder can be restored, and `target` becomes it: nothing is left over from before, files are
   * compared by content and written where they differ, nothing outside changes, also not what shares a file with it
   * by a hard link. Names directly in `target` that begin with `.cml-op_` are ours: neither touched nor counted. It may die
   * at any point, which leaves `target` of unknown state, and be called again.
   */
  restore(
    copyId: string,
    pathInCopy: string,
    target: string,
    options: RestoreOptions,
  ): Promise<{ files: number; bytes: number }>;
  /**
   * Compares restored folders with a copy, by looking at the disk and at the copy anew, whatever `restore` said: nothing is
   * missing, nothing is there besides, and every entry has its kind, mode, owner (when root looks), size, time of change,
   * link target, content, and is the same file as it was by hard links. Also of the folders themselves. Changes nothing.
   *
   * Not compared: extended attributes and access lists, numbers of devices, other times, holes in files; and of names that
   * are not UTF-8 which wrong bytes they have, except for regular files. Times must fit exactly: the file system has to keep
   * nanoseconds where the source did. A million entries take less than 100 MB of memory, files with several names 300 bytes
   * each besides.
   */
  compare(copyId: string, places: readonly RestoredPlace[], options: CompareOptions): Promise<Comparison>;
  /** Drops copies; unknown ids are ignored. Needs the repository alone. */
  forget(ids: readonly string[], options: MoveOptions): Promise<void>;
  /** Reads the repository's structure, not its data; resolves when every copy can be put together from what is there. */
  check(options: MoveOptions): Promise<void>;
  /**
   * Gives back the space of copies that were dropped, within the limits of the repository's settings. Needs the repository
   * alone. May die at any point, which loses nothing of any copy, and be called again.
   */
  prune(options: MoveOptions): Promise<Pruned>;
  /**
   * Reads the structure and all data of one slice of the repository, and compares it with its hashes. Keeps nobody out.
   * Resolves also when something is damaged, with what. Only a slice that was read to its end is answered.
   */
  reread(slice: Slice, options: MoveOptions): Promise<Reread>;
  /**
   * What stands directly in a folder of a copy, ordered by name, from the entry numbered `from` (0 is the first) on. Keeps
   * nobody out of the repository, as `openFile`: a prune at the same time may make both fail. Paths are taken literally.
   * However many entries a folder has, no more than asked for are kept.
   * @throws PortError `part-missing` when there is no such folder in the copy.
   */
  listFolder(
    copyId: string,
    path: string,
    page: { readonly from: number; readonly limit: number },
    options: ReadOptions,
  ): Promise<FolderPage>;
  /** @throws PortError `part-missing` when that is no regular file in the copy. */
  openFile(copyId: string, path: string, options: ReadOptions): Promise<OpenedFile>;
}
