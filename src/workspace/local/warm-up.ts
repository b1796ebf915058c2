import { join } from 'node:path';
import { explain, PortError } from '../../errors.ts';
import type { Program, RunProgram } from '../../program.ts';
import type { PartPlan } from '../../records/plan.ts';
import { PARALLEL_WALK } from '../parallel-walk.ts';
import type { EffectOptions } from '../platform.ts';
import { codeOf } from '../system-error.ts';
import type { LocalContext } from './context.ts';
import { isSlowToRead } from './slow-storage.ts';

/** @param folder where the operation keeps the output of its programs */
export function walkProgram(part: { readonly name: string; readonly path: string }, folder: string): Program {
  const key = `warm-up-${part.name}`;
  return {
    key,
    command: 'sh',
    args: ['-c', PARALLEL_WALK, 'sh', part.path, join(folder, `${key}.folders`)],
    graceMs: 2_000,
    fresh: true,
  };
}

/**
 * Walks slow parts with 32 at a time, so that the mover's own walk, one file after the other, finds attributes in the
 * cache. It only saves time: when it fails, the walk after it is slow and right all the same, so that is only logged.
 */
export async function warmUpParts(
  context: LocalContext,
  run: RunProgram,
  parts: readonly PartPlan[],
  folder: string,
  { signal }: EffectOptions,
): Promise<void> {
  for (const part of parts) {
    if (part.capture === 'snapshot') continue;
    try {
      await warmUpPart(run, part, folder, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      if (!(cause instanceof PortError) && codeOf(cause) === undefined) throw cause;
      context.log.warn({ part: part.name, why: explain(cause) }, 'warming up attributes did not finish');
    }
  }
}

async function warmUpPart(
  run: RunProgram,
  part: PartPlan,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(await isSlowToRead(part.path))) return;
  const { exitCode, stderr } = await run(walkProgram(part, folder), {
    folder,
    ...(signal === undefined ? {} : { signal }),
  });
  if (exitCode === 0) return;
  throw new PortError('platform-unavailable', `the walk over ${part.path} ended with ${exitCode}: ${stderr.at(-1)}`);
}
