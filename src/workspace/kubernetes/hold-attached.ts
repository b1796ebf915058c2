import type { V1Job } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { Program } from '../../program.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { writeDuration } from '../../records/time.ts';
import type { EffectOptions } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { openGate } from './gate.ts';
import { JOB, POD } from './kinds.ts';
import { LONGHORN, whyHeldAttached } from './longhorn.ts';
import { LABELS, OURS, placePath } from './names.ts';
import { CONTAINER } from './pod-sight.ts';
import { createJobPreparer } from './prepare-job.ts';

const FLUSHED = 'flushed';
/** A read-only mount of the same file system will do: all of it is written out. */
const HOLD = `sync -f "$1" && echo ${FLUSHED} && exec sleep infinity`;

/** Has a pod of ours beside each volume that storage takes no snapshot of while nobody uses it, before services stop. */
export async function holdAttached(
  context: KubeContext,
  operationId: string,
  plan: BackupPlan,
  { signal }: EffectOptions,
): Promise<void> {
  const isPlanned = ({ name }: FoundPart) => plan.parts.some((one) => one.name === name && one.capture === 'snapshot');
  const parts = (await findParts(context)).parts.filter((part) => part.driver === LONGHORN && isPlanned(part));
  if ((await whyHeldAttached(context, parts)) === undefined) return;
  const prepare = createJobPreparer(context, { role: 'holder' });
  await Promise.all(
    parts.map((part) => prepare(holderOf(part), { folder: operationId, ...(signal ? { signal } : {}) })),
  );
}

function holderOf({ name, backing }: FoundPart): Program {
  const path = placePath({ life: backing ? 'beside' : 'live', part: name });
  return {
    ...{ key: `hold-${name}`, command: 'sh', args: ['-c', HOLD, 'hold', path] },
    needs: { places: [{ path, access: 'read' }] },
  };
}

/**
 * Has the volumes that pods of ours keep attached written out: nobody else unmounts them, which would do it. They stay
 * attached until services start.
 * @throws OperationError `part-missing` naming the pod that does not do it.
 */
export async function flushHeld(context: KubeContext, operationId: string, { signal }: EffectOptions): Promise<void> {
  const { cluster, namespace, workspace } = context;
  const ours = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId}`;
  const holders = await cluster.list(JOB, { namespace, labels: `${ours},${LABELS.role}=holder` });
  await Promise.all(holders.map((job) => flush(context, job, signal)));
}

async function flush(context: KubeContext, job: V1Job, signal: AbortSignal | undefined): Promise<void> {
  const { cluster, namespace, settings } = context;
  const { name: jobName = '', uid } = job.metadata ?? {};
  if (!(await openGate(context, job))) throw notFlushed(jobName, 'its pod is gone');
  const pods = await cluster.list(POD, { namespace, labels: `job-name=${jobName}` });
  const name = pods.find(({ metadata }) => metadata?.ownerReferences?.some((owner) => owner.uid === uid))?.metadata
    ?.name;
  if (name === undefined) throw notFlushed(jobName, 'its pod is gone');
  const heard = new AbortController();
  const late = AbortSignal.timeout(settings.snapshotWithin);
  const hear = (line: string) => {
    if (line === FLUSHED) heard.abort();
  };
  const until = AbortSignal.any([heard.signal, late, ...(signal ? [signal] : [])]);
  try {
    await cluster.readLog({ name, namespace, container: CONTAINER }, hear, { signal: until });
  } catch (cause) {
    signal?.throwIfAborted();
    if (heard.signal.aborted) return;
    throw late.aborted ? notFlushed(jobName, `it took longer than ${writeDuration(settings.snapshotWithin)}`) : cause;
  }
  if (!heard.signal.aborted) throw notFlushed(jobName, 'its program failed');
}

function notFlushed(job: string, why: string): OperationError {
  return new OperationError('part-missing', `The volume that ${job} keeps attached was not written out: ${why}`, {
    hint: 'services are started again; look at its node',
  });
}
