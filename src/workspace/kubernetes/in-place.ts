import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { Quiet } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import { endPrograms } from './end-programs.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { VOLUME } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { NOTES, placePath } from './names.ts';
import { proveQuiet } from './quiet.ts';

/** Section `in-place`. `writing`: the live parts are of unknown state. */
const inPlaceMark = z.object({
  parts: z.array(z.string()),
  volumes: z.array(z.string()),
  state: z.enum(['writing', 'restored', 'previous']),
});
type InPlaceMark = z.infer<typeof inPlaceMark>;

const SECTION = 'in-place';

function readMark(context: KubeContext, operationId: string): Promise<InPlaceMark | undefined> {
  return recordsOf(context).read(operationId, SECTION, inPlaceMark);
}

/**
 * Hands out the live parts to be written. The mark stands in the cluster, also on each volume, before this answers.
 * @throws OperationError `not-quiet`, `part-missing`; `unknown-data` while another operation writes.
 */
export async function beginInPlace(
  context: KubeContext,
  operationId: string,
  names: readonly string[],
  quiet: Quiet,
): Promise<StagedPart[]> {
  await endPrograms(context, operationId); // one of them may be writing there
  const found = (await findParts(context)).parts;
  const parts = names.map((name) => {
    const part = found.find((candidate) => candidate.name === name);
    if (part) return part;
    throw new OperationError('part-missing', `${name} is not there: no claim of ${context.namespace} holds it`);
  });
  await proveQuiet(context, quiet, parts);
  await assertNotInPlace(context, operationId);
  const volumes = parts.map(volumeOf);
  await recordsOf(context).write(operationId, SECTION, { parts: [...names], volumes, state: 'writing' });
  await Promise.all(volumes.map((name) => annotate(context, name, JSON.stringify({ operationId, role: 'in-place' }))));
  return names.map((part) => ({ part, path: placePath({ life: 'live', part }), isRoot: true }));
}

function volumeOf({ volume, backing }: FoundPart): string {
  return (backing?.volume ?? volume).metadata?.name ?? '';
}

async function annotate({ cluster }: KubeContext, volume: string, note: string | null): Promise<void> {
  await cluster.patch(VOLUME, volume, undefined, { metadata: { annotations: { [NOTES.swap]: note } } });
}

export async function endInPlace(
  context: KubeContext,
  operationId: string,
  stands: 'restored' | 'previous',
): Promise<void> {
  const mark = await readMark(context, operationId);
  if (mark === undefined) return;
  await Promise.all(mark.volumes.map((name) => annotate(context, name, null)));
  await recordsOf(context).write(operationId, SECTION, { ...mark, state: stands });
}

export async function readInPlace(
  context: KubeContext,
  operationId: string,
): Promise<InPlaceMark['state'] | undefined> {
  return (await readMark(context, operationId))?.state;
}

/** Forgets what stood at the end; never that something is being written. */
export async function forgetInPlace(context: KubeContext, operationId: string): Promise<void> {
  const state = await readInPlace(context, operationId);
  if (state !== undefined && state !== 'writing') await recordsOf(context).forget(operationId, SECTION);
}

/** @throws OperationError `unknown-data` while any operation's mark stands, except that of `but`. */
export async function assertNotInPlace(context: KubeContext, but?: string): Promise<void> {
  for (const operationId of await recordsOf(context).having(SECTION)) {
    const mark = operationId === but ? undefined : await readMark(context, operationId);
    if (mark?.state !== 'writing') continue;
    const what = `operation ${operationId} is writing into ${mark.parts.join(', ')} in place`;
    throw new OperationError('unknown-data', what, {
      hint: `nothing is started before it has ended; when you know that all of it is whole, remove "${SECTION}" from its ConfigMap`,
    });
  }
}
