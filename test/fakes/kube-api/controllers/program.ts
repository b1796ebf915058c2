/** A pod's program while it runs. */
export interface RunningProgram {
  /** Exit code, as a shell gives it: 128 and the signal's number when it was killed. */
  readonly ended: Promise<number>;
  /** SIGTERM now, SIGKILL when the grace is over. */
  end(graceSeconds: number): void;
  kill(): void;
}

export const KILLED = 137;
