import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { POD } from './kinds.ts';
import { NOTES } from './names.ts';

/** What lies between the gate's making and the first stop besides people's workloads: the note, the guard. */
const BEFORE_STOP_MS = 600_000;

/**
 * How long a program may wait at its gate and then run, in milliseconds. The cluster itself ends it then: it holds volumes
 * that services need, and nobody of us may be there to take it away.
 */
export function gatedForMs({ settings, policy }: KubeContext): number {
  const waiting = settings.workloads === 'wait' ? settings.waitForWorkloads : 0;
  return BEFORE_STOP_MS + waiting + policy.downtimeBudget + policy.guardMargin;
}

/** Whether its pod was made to wait at a gate. */
export function isGated({ spec }: V1Job): boolean {
  return spec?.template.metadata?.annotations?.[NOTES.gate] !== undefined;
}

/** Lets it begin. True when it does, or did before; false when nobody waits there any more. */
export async function openGate({ cluster, namespace }: KubeContext, job: V1Job): Promise<boolean> {
  if (!isGated(job)) return true;
  const pods = await cluster.list(POD, { namespace, labels: `job-name=${job.metadata?.name}` });
  const pod = pods.find(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid));
  if (!pod) return false;
  if (pod.metadata?.annotations?.[NOTES.gate] === 'open') return true;
  if (!mayWait(pod)) return false;
  try {
    const opened = { metadata: { uid: pod.metadata?.uid, annotations: { [NOTES.gate]: 'open' } } };
    await cluster.patch(POD, pod.metadata?.name ?? '', namespace, opened);
    return true;
  } catch (error) {
    if (isRefusal(error, 'NotFound') || isRefusal(error, 'Conflict')) return false;
    throw error;
  }
}

/** Claims that pods waiting at a gate have mounted: they stay attached while services are down. */
export function claimsAtGates(pods: readonly V1Pod[]): string[] {
  const waiting = pods.filter((pod) => pod.metadata?.annotations?.[NOTES.gate] !== undefined && mayWait(pod));
  return waiting.flatMap(({ spec }) =>
    (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
  );
}

function mayWait({ metadata, status }: V1Pod): boolean {
  return metadata?.deletionTimestamp === undefined && !['Succeeded', 'Failed'].includes(status?.phase ?? '');
}
