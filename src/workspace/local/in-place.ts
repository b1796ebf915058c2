import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { Quiet, StagedPart } from '../platform.ts';
import { withCharge } from './charge.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { isFolder } from './file-facts.ts';
import { configuredPart } from './parts.ts';
import { proveQuiet } from './quiet.ts';
import { readState, removeState, writeState } from './state-file.ts';

/** Stands for as long as live parts are of unknown state because an operation writes into them. */
const inPlaceMark = z.object({ operationId: z.string(), parts: z.array(z.string()) });

function readMark({ folder }: LocalContext): Promise<z.infer<typeof inPlaceMark> | undefined> {
  return readState(stateFiles.inPlace(folder), inPlaceMark);
}

export async function beginInPlace(
  context: LocalContext,
  operationId: string,
  names: readonly string[],
  quiet: Quiet,
): Promise<StagedPart[]> {
  const parts = names.map((name) => configuredPart(context.settings, name));
  for (const { name, path } of parts) {
    if (await isFolder(path)) continue;
    throw new OperationError('part-missing', `${name} is not there: ${path} is no folder`, {
      hint: 'make the folder, or correct the path in cml.yaml',
    });
  }
  await proveQuiet(context, quiet, parts);
  await withCharge(context, operationId, quiet, async () => {
    const standing = await readMark(context);
    if (standing && standing.operationId !== operationId) throw stillInPlace(context, standing);
    await writeState(stateFiles.inPlace(context.folder), { operationId, parts: [...names] });
  });
  return parts.map(({ name, path }) => ({ part: name, path }));
}

export function endInPlace(context: LocalContext, operationId: string): Promise<void> {
  return context.lock.hold(async () => {
    if (await isInPlace(context, operationId)) await removeState(stateFiles.inPlace(context.folder));
  });
}

export async function isInPlace(context: LocalContext, operationId: string): Promise<boolean> {
  return (await readMark(context))?.operationId === operationId;
}

/** @throws OperationError `unknown-data` while any operation's mark stands. */
export async function assertNotInPlace(context: LocalContext): Promise<void> {
  const standing = await readMark(context);
  if (standing) throw stillInPlace(context, standing);
}

function stillInPlace(context: LocalContext, { operationId, parts }: z.infer<typeof inPlaceMark>): OperationError {
  return new OperationError('unknown-data', `operation ${operationId} is writing into ${parts.join(', ')} in place`, {
    hint: `nothing is started before it has ended; when you know that all of it is whole, remove ${stateFiles.inPlace(context.folder)}`,
  });
}
