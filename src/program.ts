/** A program to run near the data. The mover writes it, the platform runs it: neither knows the other. */
export interface Program {
  /** Unique within the operation, safe as a file name, the same on every try: `pre-copy`, `delta`. */
  readonly key: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to a small fixed environment. May hold paths of secret files, never secrets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How long after SIGTERM before SIGKILL, in milliseconds. Default 60,000 (restic removes its lock meanwhile). */
  readonly graceMs?: number;
  /**
   * What it needs of what is not on every machine. A platform that runs programs elsewhere brings it there; one that runs
   * them here has it.
   */
  readonly needs?: ProgramNeeds;
  /** Gives way to whatever else has to be done where we are. Elsewhere, what programs may take is set there. */
  readonly yields?: boolean;
  /** Must answer from now: an earlier run under this key is ended and forgotten, and this one is not kept either. */
  readonly fresh?: boolean;
}

export interface ProgramNeeds {
  /** Paths of the workspace's data as the platform gave them out, or below; without any it may run anywhere. */
  readonly places?: readonly { readonly path: string; readonly access: 'read' | 'write' }[];
  /** It runs where programs with places run, though it has none: to see from there what those will meet. */
  readonly nearData?: boolean;
  /** Files that are only read: passwords, keys. At the same path wherever it runs. */
  readonly secretFiles?: readonly string[];
  /** Folders that it writes to and that may be empty each time: a cache. */
  readonly scratchFolders?: readonly string[];
  /** An image that holds it. A platform without images has it anyway. */
  readonly image?: string;
  /** Runs as this user, who owns what it reads and writes, and may do nothing that others may not. Where pods are. */
  readonly uid?: number;
  /** How much memory it is expected to take. A platform that limits programs gives it as much at least. */
  readonly memoryBytes?: number;
}

export interface ProgramResult {
  /** Null when ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Every line of standard error, at most the last 2,000. */
  readonly stderr: readonly string[];
  readonly durationMs: number;
}

export interface RunOptions {
  /** Folder of the operation: output goes to files there, so that the program survives us and is adopted after a crash. */
  readonly folder: string;
  /** SIGTERM, then SIGKILL after the grace, then the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Each whole line of standard output, in order, from the first line on (also when adopted). */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program to its end. Called with the folder and key of a program that an earlier life of this process started and
 * whose result nobody received, it adopts it: still running, it is followed to its end; ended, its result is answered. A
 * result is handed out once: the next call with the same key runs the program anew, so that a step can be tried again.
 * @throws PortError `platform-unavailable` when it cannot be started.
 */
export type RunProgram = (program: Program, options: RunOptions) => Promise<ProgramResult>;

/**
 * Brings a program so far that `run`, called with the same one, begins it at once: for what will run while services are
 * down. Until then it touches none of its places. Called again, whatever it prepared before is made anew. One that nobody
 * ever runs ends by itself, and `release` removes it. Does nothing where a program begins at once anyway.
 * @throws PortError `platform-unavailable` when it could not begin.
 */
export type PrepareProgram = (program: Program, options: Pick<RunOptions, 'folder' | 'signal'>) => Promise<void>;

export interface StreamOptions {
  /** Ends the program; the reader then gets the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told how it ended once all was read; what it throws, the reader gets. */
  onEnd(result: Pick<ProgramResult, 'exitCode' | 'signal' | 'stderr'>): void;
}

/**
 * Runs a program where we are, for somebody who reads its standard output as it comes. Nothing is kept of it: it holds still
 * while nobody reads, is ended when the reader goes away, and does not outlive us.
 * @throws PortError `platform-unavailable` when it cannot be started.
 */
export type StreamProgram = (
  program: Pick<Program, 'command' | 'args' | 'env'>,
  options: StreamOptions,
) => AsyncIterable<Uint8Array>;
