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
 * Runs a program to its end. Called again with the same folder and key while the program still runs (we died and came
 * back), it adopts it; when it has ended, and its result was written, it answers that result without running it again.
 * @throws PortError `platform-unavailable` when it cannot be started.
 */
export type RunProgram = (program: Program, options: RunOptions) => Promise<ProgramResult>;
