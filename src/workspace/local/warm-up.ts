import { explain, PortError } from '../../errors.ts';
import type { Program, RunProgram } from '../../program.ts';
import type { PartPlan } from '../../records/plan.ts';
import type { EffectOptions } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { isSlowToRead } from './slow-storage.ts';
import { codeOf } from './system-error.ts';

/** `-links 0` is never true and cannot be answered without reading the attributes: that is all this is for. */
const WALK = `cd -- "$1" && find . -path './.cml-op_*' -prune -o -type d -print0 |
  xargs -0 -r -P 32 -n 32 sh -c 'exec find "$@" -maxdepth 1 -links 0' find`;

export function walkProgram(part: { readonly name: string; readonly path: string }): Program {
  return {
    key: `warm-up-${part.name}`,
    command: 'sh',
    args: ['-c', WALK, 'sh', part.path],
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
  const { exitCode, stderr } = await run(walkProgram(part), { folder, ...(signal === undefined ? {} : { signal }) });
  if (exitCode === 0) return;
  throw new PortError('platform-unavailable', `the walk over ${part.path} ended with ${exitCode}: ${stderr.at(-1)}`);
}
