import type { V1Pod } from '@kubernetes/client-node';
import type { ServiceKind } from './found.ts';
import type { ServiceObject } from './ledger.ts';

/** How many pods a service's object asks for; a CronJob that is not suspended counts 1. */
export function askedFor(kind: ServiceKind, object: ServiceObject): number {
  const { spec } = object;
  if (kind === 'CronJob') return spec && 'suspend' in spec && spec.suspend === true ? 0 : 1;
  return spec && 'replicas' in spec ? (spec.replicas ?? 1) : 1;
}

/** The fields that make a service ask for so many pods. */
export function askFor(kind: ServiceKind, replicas: number): object {
  return kind === 'CronJob' ? { suspend: replicas === 0 } : { replicas };
}

/** As many as asked for are ready, and the controller has seen what is asked for now. */
export function isReady(kind: ServiceKind, object: ServiceObject): boolean {
  if (kind === 'CronJob') return true;
  const { status } = object;
  const seen = status && 'observedGeneration' in status ? status.observedGeneration : undefined;
  if ((seen ?? 0) < (object.metadata?.generation ?? 0)) return false;
  const ready = status && 'readyReplicas' in status ? status.readyReplicas : undefined;
  return (ready ?? 0) >= askedFor(kind, object);
}

/** Whether its controller made the pod: two services may share labels. */
export function isPodOf({ kind, object }: { kind: ServiceKind; object: string }, { metadata }: V1Pod): boolean {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  if (kind === 'StatefulSet') return owner?.kind === 'StatefulSet' && owner.name === object;
  const hash = metadata?.labels?.['pod-template-hash'];
  return kind === 'Deployment' && owner?.kind === 'ReplicaSet' && owner.name === `${object}-${hash}`;
}

/** Its containers have ended for good, though it is still listed. */
export function hasEnded({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
