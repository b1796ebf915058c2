import { OperationError } from '../../errors.ts';
import type { PartPlan } from '../../records/plan.ts';
import { type Quiet, quiet as quietShape } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart, Holder } from './found.ts';
import { findHolders } from './holders.ts';
import { POD } from './kinds.ts';
import { type LedgerEntry, listObjects, readLedger, readRan, recordsOf, type ServiceObject } from './ledger.ts';
import { askedFor, hasEnded, isPodOf } from './running.ts';

/** Section `quiet` of an operation. */
export async function readQuiet(context: KubeContext, operationId: string): Promise<Quiet | undefined> {
  return recordsOf(context).read(operationId, 'quiet', quietShape);
}

export async function beginQuiet(context: KubeContext, quiet: Quiet): Promise<void> {
  await recordsOf(context).write(quiet.operationId, 'quiet', quiet);
}

/** Before the first service is started: no proof of any quiet time holds any more. */
export async function endQuiet(context: KubeContext): Promise<void> {
  const records = recordsOf(context);
  for (const operationId of await records.having('quiet')) await records.forget(operationId, 'quiet');
}

/** Whether nothing was started by us or the guard since. Cheap. @throws OperationError `not-quiet`. */
export async function assertSameQuiet(context: KubeContext, quiet: Quiet): Promise<void> {
  const standing = await readQuiet(context, quiet.operationId);
  if (standing?.token === quiet.token) return;
  throw new OperationError('not-quiet', `services of ${context.workspace} were started since they were stopped`, {
    hint: 'nothing was recorded as a backup; try again',
  });
}

/**
 * Proves that this quiet time still holds: every noted service is as we left it, and no pod of any namespace has a captured
 * volume or folder mounted.
 * @throws OperationError `not-quiet` naming who broke it.
 */
export async function proveQuiet(
  context: KubeContext,
  quiet: Quiet,
  parts: readonly Pick<PartPlan, 'name'>[],
): Promise<void> {
  await assertSameQuiet(context, quiet);
  await assertServicesAreDown(context);
  if (parts.length === 0) return;
  const found = (await findParts(context)).parts.filter(({ name }) => parts.some((part) => part.name === name));
  const holders = (await findHolders(context, found)).filter((holder) => !isServerThatStaysUp(holder, found));
  const [holder] = holders;
  if (holder !== undefined) throw heldBy(holder);
}

async function assertServicesAreDown(context: KubeContext): Promise<void> {
  const { cluster, namespace } = context;
  const [ledger, objects, pods] = await Promise.all([
    readLedger(context),
    listObjects(context),
    cluster.list(POD, { namespace }),
  ]);
  for (const entry of ledger?.entries ?? []) {
    const found = objects.find(({ kind, object }) => kind === entry.kind && object.metadata?.name === entry.object);
    assertAsWeLeftIt(entry, found?.object);
    const running = pods.find((pod) => isPodOf(entry, pod) && !hasEnded(pod));
    if (running) throw broken(`the pod ${running.metadata?.name} of ${entry.service} runs though that was stopped`);
  }
}

function assertAsWeLeftIt({ service, kind, uid, operationId }: LedgerEntry, object: ServiceObject | undefined): void {
  if (object === undefined || (uid !== undefined && object.metadata?.uid !== uid))
    throw broken(`the service ${service} was removed or made anew since it was stopped`);
  if (askedFor(kind, object) > 0) throw broken(`the service ${service} was scaled up by somebody else`);
  if (readRan(object)?.operationId !== operationId)
    throw broken(`the note on the service ${service} is gone: somebody wrote over it`);
}

/** Parts that are read through it are copied in two passes; it writes what clients ask it to, and there are none. */
function isServerThatStaysUp({ service, part }: Holder, parts: readonly FoundPart[]): boolean {
  const held = parts.find(({ name }) => name === part);
  return held?.capture === 'two-pass' && service !== undefined && held.backing?.server === service;
}

function heldBy({ namespace, pod, part, readOnly }: Holder): OperationError {
  const how = readOnly ? 'mounted, if only to read' : 'mounted';
  return broken(`the pod ${namespace}/${pod} has ${part} ${how}`);
}

function broken(what: string): OperationError {
  return new OperationError('not-quiet', what, {
    hint: 'end or stop whatever that is while the workspace is backed up or restored',
  });
}
