import type { V1Job } from '@kubernetes/client-node';
import { explain, PortError } from '../../errors.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { JOB, POD, SECRET } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { dropShares } from './shares.ts';

/** How long the cluster may take besides the grace that a program has. */
const REMOVED_WITHIN_MS = 120_000;
const DEFAULT_GRACE_SECONDS = 30;

/** Ends a program wherever it stands; resolves when nothing of it runs any more. Does nothing for one that is gone. */
export async function endJob({ cluster, namespace }: KubeContext, job: V1Job): Promise<void> {
  const { name = '', uid } = job.metadata ?? {};
  const graceSeconds = job.spec?.template.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const withinMs = graceSeconds * 1_000 + REMOVED_WITHIN_MS;
  const late = () =>
    new PortError('platform-unavailable', `The program ${name} does not end`, {
      hint: 'Is its node lost? Look at its pod.',
      retryable: true,
    });
  // In the foreground: its controller makes no further pod, and it stays until its pods are gone.
  await cluster.remove(JOB, name, namespace, { uid, propagation: 'Foreground' });
  const isGone = (objects: readonly V1Job[]) =>
    objects.some(({ metadata }) => metadata?.uid === uid) ? undefined : true;
  await cluster.follow(JOB, { namespace, fields: `metadata.name=${name}` }, isGone, { withinMs, late });
  const where = { namespace, labels: `job-name=${name}` };
  await cluster.follow(POD, where, (pods) => (pods.length === 0 ? true : undefined), { withinMs, late });
  await cluster.remove(SECRET, name, namespace);
}

/** After a program's end was received: what is left of it goes by itself. */
export async function dropJob({ cluster, namespace }: KubeContext, { metadata }: V1Job): Promise<void> {
  await cluster.remove(JOB, metadata?.name ?? '', namespace, { uid: metadata?.uid, propagation: 'Background' });
  await cluster.remove(SECRET, metadata?.name ?? '', namespace);
}

/**
 * Tells all programs of an operation to end and waits for none: on the node where one has a volume mounted that only one node
 * may have, no service could start anywhere else. Services are more than what they are told to leave.
 */
export async function letGoOfVolumes(context: KubeContext, operationId: string): Promise<void> {
  const { cluster, namespace, workspace, log } = context;
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role} in (mover,holder)`;
  try {
    const jobs = await cluster.list(JOB, { namespace, labels });
    const end = ({ metadata }: V1Job) =>
      cluster.remove(JOB, metadata?.name ?? '', namespace, { uid: metadata?.uid, propagation: 'Background' });
    await Promise.all(jobs.map(end));
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal) && !(cause instanceof PortError)) throw cause;
    log.warn({ operationId, why: explain(cause) }, 'a program that has volumes mounted could not be told to end');
  }
}

/** Ends all programs of an operation and waits until none runs; then removes what they were given. */
export async function endPrograms(context: KubeContext, operationId: string): Promise<void> {
  const { cluster, namespace, workspace } = context;
  const ofOperation = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId}`;
  const movers = { namespace, labels: `${ofOperation},${LABELS.role} in (mover,holder)` };
  await Promise.all((await cluster.list(JOB, movers)).map((job) => endJob(context, job)));
  // Those of a Job that is gone already may still be ending.
  await cluster.follow(POD, movers, (pods) => (pods.length === 0 ? true : undefined), {
    withinMs: REMOVED_WITHIN_MS,
    late: () => new PortError('platform-unavailable', `A program of ${operationId} does not end`, { retryable: true }),
  });
  const secrets = await cluster.list(SECRET, { namespace, labels: `${ofOperation},${LABELS.role}=secret` });
  await Promise.all(secrets.map(({ metadata }) => cluster.remove(SECRET, metadata?.name ?? '', namespace)));
  await dropShares(context, operationId);
}
