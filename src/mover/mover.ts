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
  /** Absolute paths that could not be read or vanished while being read. Never empty when the copy is partial. */
  readonly unreadable: readonly string[];
  readonly durationMs: number;
}

export interface PathCount {
  readonly path: string;
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

/**
 * Moves data into and out of one repository. Every call may be repeated. Rejects with `PortError`:
 * `mover-missing`, `repository-missing`, `repository-password`, `repository-held` (retryable), `disk-full`,
 * `mover-unavailable`; with the signal's reason when aborted.
 */
export interface DataMover {
  /** Looks at the program only, touches no repository. @throws PortError `mover-missing` when absent or too old. */
  probe(): Promise<MoverFacts>;
  /** Creates the repository; does nothing when it is there and the password opens it. */
  init(options: MoveOptions): Promise<void>;
  /** Adds a second password that opens the repository. */
  addKey(newPasswordFile: string, options: MoveOptions): Promise<void>;
  /**
   * Copies; a source path that is missing is an error before anything is written.
   * Resolves also when some files could not be read: look at `unreadable`.
   */
  copy(request: CopyRequest, options: MoveOptions): Promise<CopyOutcome>;
  /** Copies with any of the tags (all copies when none are given), oldest first, read from the repository now. */
  list(tags: readonly string[], options: MoveOptions): Promise<Copy[]>;
  /** Counts what a copy holds under each path, by reading the copy's tree. A path that is not in it counts -1 files. */
  count(copyId: string, paths: readonly string[], options: MoveOptions): Promise<PathCount[]>;
  /**
   * Restores a folder at `pathInCopy` as the folder `target`, with the owner, mode, times and attributes it had; a file goes
   * into `target`. What an earlier try left in `target` is replaced; `<target>.partial` is used meanwhile. Resolves only
   * when everything was written. Files are all that is not a directory.
   */
  restore(
    copyId: string,
    pathInCopy: string,
    target: string,
    options: MoveOptions,
  ): Promise<{ files: number; bytes: number }>;
  /** Drops copies; unknown ids are ignored. Needs the repository alone. */
  forget(ids: readonly string[], options: MoveOptions): Promise<void>;
  /** Reads the repository's structure, not its data; resolves when every copy can be put together from what is there. */
  check(options: MoveOptions): Promise<void>;
}
