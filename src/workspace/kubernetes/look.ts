import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { RunProgram } from '../../program.ts';
import type { KubeContext } from './context.ts';
import { endPrograms } from './end-programs.ts';
import type { Walker } from './usage.ts';

/**
 * Looks at the workspace by programs, too. They belong to no operation that is released later, so nothing of them, nor of what
 * showed shares to them, is left when this resolves or rejects.
 */
export async function withWalker<T>(
  context: KubeContext,
  run: RunProgram,
  parent: string,
  look: (walker: Walker) => Promise<T>,
): Promise<T> {
  const id = `look-${randomUUID().slice(0, 8)}`;
  let hasRun = false;
  const walk: RunProgram = (program, options) => {
    hasRun = true;
    return run(program, options);
  };
  try {
    return await look({ run: walk, folder: join(parent, id) });
  } finally {
    if (hasRun) await endPrograms(context, id);
  }
}
