import { OperationError } from '../../errors.ts';
import { type Quiet, quiet as quietShape } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { servicesOf } from './services.ts';
import { findWriters } from './writers.ts';

export async function readQuiet(context: LocalContext): Promise<Quiet | undefined> {
  return readState(stateFiles.quiet(context.folder), quietShape);
}

/** Call while holding the lock. */
export async function beginQuiet(context: LocalContext, quiet: Quiet): Promise<void> {
  await writeState(stateFiles.quiet(context.folder), quiet);
}

/** Call while holding the lock, before the first service is started: no proof of this quiet time holds any more. */
export async function endQuiet(context: LocalContext): Promise<void> {
  await removeState(stateFiles.quiet(context.folder));
}

/** Whether nothing was started by us or the guard since. Cheap; whoever writes is looked for by `proveQuiet`. */
export async function assertSameQuiet(context: LocalContext, quiet: Quiet): Promise<void> {
  const standing = await readQuiet(context);
  if (standing?.token === quiet.token && standing.operationId === quiet.operationId) return;
  throw new OperationError('not-quiet', `services of ${context.workspace} were started since they were stopped`, {
    hint: 'nothing was recorded as a backup; try again',
  });
}

export async function proveQuiet(
  context: LocalContext,
  quiet: Quiet,
  parts: readonly { name: string; path: string }[],
): Promise<void> {
  await assertSameQuiet(context, quiet);
  for (const service of servicesOf(context)) {
    if (await service.isRunning()) {
      throw new OperationError('not-quiet', `the service ${service.name} runs though it was stopped`, {
        hint: 'something else started it; keep it stopped during a backup or restore',
      });
    }
  }
  const [writer] = (await findWriters(parts)).writers;
  if (!writer) return;
  throw new OperationError('not-quiet', `${writer.who} has ${writer.file} of ${writer.part} open for writing`, {
    hint: 'end that program, or declare it as a service of the workspace so that it is stopped too',
  });
}
