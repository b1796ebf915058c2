import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { explain } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';
import type { EffectOptions, Inspection } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { endPrograms } from './end-programs.ts';
import { inspectWorkspace } from './inspect.ts';

/** A look belongs to no operation that would be released: it takes away itself what its programs were given. */
export async function lookAt(
  context: KubeContext,
  { run, folder }: { readonly run: RunProgram; readonly folder: string },
  wish: EffectOptions & { readonly count?: boolean; readonly since?: string },
): Promise<Inspection> {
  const id = `look-${randomUUID().slice(0, 8)}`;
  let hasRun = false;
  const runOnce: RunProgram = (program, options) => {
    hasRun = true;
    return run(program, options);
  };
  try {
    return await inspectWorkspace(context, { ...wish, walker: { run: runOnce, folder: join(folder, id) } });
  } finally {
    if (hasRun)
      await endPrograms(context, id).catch((cause: unknown) =>
        context.log.warn({ look: id, why: explain(cause) }, 'what a look made in the cluster could not be removed'),
      );
  }
}
