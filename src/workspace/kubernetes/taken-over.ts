import { z } from 'zod';
import { OperationError, PortError } from '../../errors.ts';
import { moment } from '../../records/time.ts';
import type { KubeContext } from './context.ts';
import { JOB, POD } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { idInNames, objectName } from './names.ts';

/** Section `taken-over`, written by the guard before it acts: the operation may not stop or swap anything any more. */
const takenOver = z.object({ at: moment, finished: z.boolean() });

export function guardName(operationId: string): string {
  return objectName('cml-guard', idInNames(operationId));
}

export async function takeOver(context: KubeContext, operationId: string, finished: boolean): Promise<void> {
  const at = context.clock.now().toISOString();
  await recordsOf(context).write(operationId, 'taken-over', { at, finished });
}

/** Before anything that makes the time longer in which services are down. */
export async function assertNotTakenOver(context: KubeContext, operationId: string): Promise<void> {
  if (context.isGuard) return;
  if ((await recordsOf(context).read(operationId, 'taken-over', takenOver)) === undefined) return;
  throw new OperationError('not-quiet', 'the guard has taken over and is starting services', {
    hint: 'the operation took longer than its downtime budget; see the log of the guard',
  });
}

/** Before starting or putting back: two at once would not know of each other. A guard that died stands in nobody's way. */
export async function assertGuardIsIdle(context: KubeContext, operationId: string): Promise<void> {
  if (context.isGuard) return;
  const mark = await recordsOf(context).read(operationId, 'taken-over', takenOver);
  if (mark === undefined || mark.finished || !(await isGuardAlive(context, operationId))) return;
  throw new PortError('platform-unavailable', 'the guard is starting the services right now', { retryable: true });
}

async function isGuardAlive({ cluster, namespace }: KubeContext, operationId: string): Promise<boolean> {
  const name = guardName(operationId);
  if ((await cluster.read(JOB, name, namespace)) === undefined) return false;
  const pods = await cluster.list(POD, { namespace, labels: `job-name=${name}` });
  return pods.some(({ metadata, status }) => status?.phase === 'Running' && metadata?.deletionTimestamp === undefined);
}

export async function forgetTakeOver(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, 'taken-over');
}
