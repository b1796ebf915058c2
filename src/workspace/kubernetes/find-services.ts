import type { V1CronJob, V1Deployment, V1StatefulSet } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import type { FoundService, ServiceKind } from './found.ts';
import { CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './kinds.ts';
import { LABELS, LEAVE_LABEL, OURS } from './names.ts';
import { inStopOrder } from './service-order.ts';

type Unnamed = Omit<FoundService, 'name'>;

/** What is made and scaled by one of these is not a service of its own. */
const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'CronJob', 'Job'];

/**
 * The services of the workspace in the order in which they stop: discovered, because releases add and drop them. Left
 * alone: DaemonSets, Jobs, what is labelled to be left, and ours.
 */
export async function findServices(context: KubeContext): Promise<FoundService[]> {
  const { cluster, namespace, settings } = context;
  const [deployments, statefulSets, cronJobs] = await Promise.all([
    cluster.list(DEPLOYMENT, { namespace }),
    cluster.list(STATEFUL_SET, { namespace }),
    cluster.list(CRON_JOB, { namespace }),
  ]);
  const found = [
    ...deployments.filter(isService).map((object) => replicated('Deployment', object)),
    ...statefulSets.filter(isService).map((object) => replicated('StatefulSet', object)),
    ...cronJobs.filter(isService).map(scheduled),
  ];
  return inStopOrder(named(found), settings.order);
}

function isService({ metadata }: FoundService['object']): boolean {
  const labels = metadata?.labels ?? {};
  if (labels[LEAVE_LABEL] === 'true' || labels[LABELS.managedBy] === OURS) return false;
  return !metadata?.ownerReferences?.some(({ controller, kind }) => controller && WORKLOAD_KINDS.includes(kind));
}

function replicated(kind: ServiceKind, object: V1Deployment | V1StatefulSet): Unnamed {
  const replicas = object.spec?.replicas ?? 1;
  const isSeen = (object.status?.observedGeneration ?? 0) >= (object.metadata?.generation ?? 0);
  return { kind, object, replicas, ready: isSeen && (object.status?.readyReplicas ?? 0) >= replicas };
}

function scheduled(object: V1CronJob): Unnamed {
  return { kind: 'CronJob', object, replicas: object.spec?.suspend ? 0 : 1, ready: true };
}

function named(services: readonly Unnamed[]): FoundService[] {
  const taken = new Set<string>();
  return services.map((service) => {
    const plain = service.object.metadata?.name ?? '';
    const name = taken.has(plain) ? `${service.kind.toLowerCase()}/${plain}` : plain;
    taken.add(name);
    return { name, ...service };
  });
}
