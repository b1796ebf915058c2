import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { createJobRunner } from './run-job.ts';

interface PathProgram {
  /** The Job of each part is named after it. */
  readonly key: string;
  readonly script: string;
  /** Before those of the paths. */
  readonly first?: readonly string[];
  /** A result that nobody received before must not be taken for this one. */
  readonly fresh?: boolean;
  /** What it means when the program would not. */
  readonly refused: 'preflight-failed' | 'swap-failed' | 'part-missing';
}

interface OfPart {
  readonly part: string;
  readonly root: string;
}

export function pathJobKey(key: string, part: string): string {
  return `${key}-${part}`;
}

/**
 * Runs a script where the live volume of a part is mounted; answers what it printed.
 * @throws OperationError `refused`, saying why.
 */
export async function runOnPart(
  context: KubeContext,
  operationId: string,
  { part, root }: OfPart,
  { key, script, first = [], fresh, refused }: PathProgram,
  args: readonly (readonly string[])[],
): Promise<string[]> {
  const lines: string[] = [];
  const program = {
    key: pathJobKey(key, part),
    command: 'sh',
    args: ['-c', script, 'sh', ...first, ...args.flat()],
    needs: { places: [{ path: root, access: 'write' as const }] },
    ...(fresh ? { fresh } : {}),
  };
  const options = { folder: operationId, onLine: (line: string) => lines.push(line) };
  const { exitCode, signal, stderr } = await createJobRunner(context)(program, options);
  if (exitCode === 0) return lines;
  throw new OperationError(refused, `${part}: ${stderr.at(-1) ?? `its program ended with ${exitCode ?? signal}`}`, {
    hint:
      refused === 'swap-failed' ? `look at the volume of ${part}; nothing in it was removed` : 'nothing was changed',
  });
}

/** Parts, each with what is asked of it, in the order in which they were first asked for. */
export function byPart<T extends OfPart>(paths: readonly T[]): (readonly [OfPart, readonly T[]])[] {
  const names = new Set(paths.map(({ part }) => part));
  return [...names].map((name) => {
    const here = paths.filter(({ part }) => part === name);
    return [{ part: name, root: here[0]?.root ?? '' }, here] as const;
  });
}

/** All are awaited before the first failure is told. */
export async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(works);
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}
