import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import type { StagedPart } from '../swaps.ts';
import { withCharge } from './charge.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { isFolder } from './file-facts.ts';
import { assertNothingMountedInside, configuredPart } from './parts.ts';
import { proveQuiet } from './quiet.ts';

/** `writing`: the live parts are of unknown state. What stands afterwards is kept until the operation is released. */
const inPlaceMark = z.object({
  operationId: z.string(),
  parts: z.array(z.string()),
  state: z.enum(['writing', 'restored', 'previous']),
});
type InPlaceMark = z.infer<typeof inPlaceMark>;

function readMark({ folder }: LocalContext): Promise<InPlaceMark | undefined> {
  return readState(stateFiles.inPlace(folder), inPlaceMark);
}

export async function beginInPlace(
  context: LocalContext,
  operationId: string,
  names: readonly string[],
  quiet: Quiet,
): Promise<StagedPart[]> {
  const parts = names.map((name) => configuredPart(context.settings, name));
  for (const part of parts) {
    const { name, path } = part;
    await assertNothingMountedInside(part);
    if (await isFolder(path)) continue;
    throw new OperationError('part-missing', `${name} is not there: ${path} is no folder`, {
      hint: 'make the folder, or correct the path in cml.yaml',
    });
  }
  await proveQuiet(context, quiet, parts);
  await withCharge(context, operationId, quiet, async () => {
    const standing = await readMark(context);
    if (standing?.state === 'writing' && standing.operationId !== operationId) throw stillInPlace(context, standing);
    await writeState(stateFiles.inPlace(context.folder), { operationId, parts: [...names], state: 'writing' });
  });
  return parts.map(({ name, path }) => ({ part: name, path }));
}

export function endInPlace(context: LocalContext, operationId: string, state: 'restored' | 'previous'): Promise<void> {
  return context.lock.hold(async () => {
    const standing = await readMark(context);
    if (standing?.operationId === operationId) {
      await writeState(stateFiles.inPlace(context.folder), { ...standing, state });
    }
  });
}

export async function readInPlace(
  context: LocalContext,
  operationId: string,
): Promise<InPlaceMark['state'] | undefined> {
  const standing = await readMark(context);
  return standing?.operationId === operationId ? standing.state : undefined;
}

/** Forgets what stood at the end; never that something is being written. Call while holding the lock. */
export async function forgetInPlace(context: LocalContext, operationId: string): Promise<void> {
  const state = await readInPlace(context, operationId);
  if (state !== undefined && state !== 'writing') await removeState(stateFiles.inPlace(context.folder));
}

/** @throws OperationError `unknown-data` while any operation's mark stands. */
export async function assertNotInPlace(context: LocalContext): Promise<void> {
  const standing = await readMark(context);
  if (standing?.state === 'writing') throw stillInPlace(context, standing);
}

function stillInPlace(context: LocalContext, { operationId, parts }: InPlaceMark): OperationError {
  return new OperationError('unknown-data', `operation ${operationId} is writing into ${parts.join(', ')} in place`, {
    hint: `nothing is started before it has ended; when you know that all of it is whole, remove ${stateFiles.inPlace(context.folder)}`,
  });
}
