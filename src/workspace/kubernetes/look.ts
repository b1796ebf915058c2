import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { explain } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';
import type { Inspection } from '../inspection.ts';
import type { EffectOptions } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { endPrograms } from './end-programs.ts';
import { inspectWorkspace } from './inspect.ts';
import { findStrays, removeStrays } from './sweep.ts';

/** Stands for this process in the names of what it looks with. */
const THIS_LIFE = randomUUID().slice(0, 8);

interface Looker {
  readonly run: RunProgram;
  readonly folder: string;
  readonly life?: string;
}

/** A look belongs to no operation that would be released: it takes away itself what its programs were given. */
export async function lookAt(
  context: KubeContext,
  { run, folder, life = THIS_LIFE }: Looker,
  wish: EffectOptions & {
    readonly count?: boolean;
    readonly since?: string;
    readonly toRestore?: 'asked' | 'approved';
  },
): Promise<Inspection> {
  if (wish.count) await removeOldLooks(context, life);
  const id = `look-${life}-${randomUUID().slice(0, 8)}`;
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

/** Nobody takes up a look whose process died: what it left goes before the next one. */
async function removeOldLooks(context: KubeContext, life: string): Promise<void> {
  const strays = await findStrays(context, []);
  const isOld = (id: string) => id.startsWith('look-') && !id.startsWith(`look-${life}-`);
  await removeStrays(
    context,
    strays.filter(({ operationId }) => isOld(operationId)),
  );
}
