import type { KubernetesObject } from '@kubernetes/client-node';
import { z } from 'zod';

/** An object as it stands in a definition: nothing of the cluster that it came from. */
export const definedObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
export type DefinedObject = z.infer<typeof definedObject>;

/** What makes a workspace run, as it is kept in the repository: it holds secrets, and is never in the catalog. */
export const definition = z.object({
  schema: z.literal(1),
  release: z.string(),
  namespace: z.string(),
  /** In the order in which they are applied. */
  objects: z.array(definedObject),
  /** Only to be read by people: a restore makes claims from those that stand there. */
  claims: z.array(definedObject),
});
export type Definition = z.infer<typeof definition>;

/** What runs, happens or is worked out from other objects, and what holds data: none of it defines anything. */
const RUNTIME = new Set([
  ...['Pod', 'ReplicaSet', 'ReplicationController', 'ControllerRevision', 'Job', 'Event', 'Endpoints', 'EndpointSlice'],
  ...['Lease', 'PodMetrics', 'VolumeSnapshot', 'PersistentVolumeClaim', 'Workload', 'PodGroup'],
]);

export function isRuntime({ kind }: { readonly kind: string }): boolean {
  return RUNTIME.has(kind);
}

/** Fields that the cluster fills in, or that say where it ran, by kind. Source: reference/backup-anchors.md A5. */
const OF_THE_CLUSTER = new Set([
  ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'],
  ...['managedFields', 'selfLink', 'ownerReferences', 'finalizers', 'generateName', 'namespace'],
]);
const PASSING_NOTES =
  /^(cml-backup\/|kubectl\.kubernetes\.io\/(last-applied-configuration|restartedAt)$|deployment\.kubernetes\.io\/revision$|pv\.kubernetes\.io\/|volume\.(beta\.)?kubernetes\.io\/|control-plane\.alpha\.kubernetes\.io\/leader$)/;

/** Without what belongs to the cluster it stands in: two looks at the same object give the same text. */
export function withoutCluster(object: KubernetesObject): DefinedObject {
  const {
    status: _,
    metadata = {},
    apiVersion = '',
    kind = '',
    ...rest
  } = object as KubernetesObject & { status?: unknown };
  const kept = Object.entries(metadata).filter(([key]) => !OF_THE_CLUSTER.has(key));
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !PASSING_NOTES.test(key));
  const described = {
    ...Object.fromEntries(kept),
    name: metadata.name ?? '',
    annotations: annotations.length > 0 ? Object.fromEntries(annotations) : undefined,
  };
  const whole = {
    apiVersion,
    kind,
    metadata: described,
    ...rest,
    ...(kind === 'Service' ? withoutAddresses(rest) : {}),
  };
  // Through JSON: absent keys are absent, dates are text, keys are in one order.
  return definedObject.parse(inOrder(JSON.parse(JSON.stringify(whole))));
}

/** A headless Service says so by its address; every other one keeps what its cluster gave it. */
function withoutAddresses(rest: Record<string, unknown>): { spec?: unknown } {
  const { spec } = z.object({ spec: z.looseObject({}).optional() }).parse(rest);
  if (!spec) return {};
  const { clusterIP, clusterIPs: _, healthCheckNodePort: __, ports, ...kept } = spec;
  const withoutNodePort = z
    .array(z.looseObject({}))
    .catch([])
    .parse(ports)
    .map(({ nodePort: ___, ...port }) => port);
  return { spec: { ...kept, ports: withoutNodePort, ...(clusterIP === 'None' ? { clusterIP } : {}) } };
}

/** The same text for the same thing, in whichever order its keys were written. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, held]) => [key, inOrder(held)]));
}

export function isSameObject(one: DefinedObject, other: DefinedObject): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other));
}

/**
 * What others refer to comes first. Source: Velero's defaultRestorePriorities (reference/backup-anchors.md A5). All else by
 * name between what is referred to and what refers.
 */
const FIRST = [
  ...['ServiceAccount', 'Secret', 'ConfigMap', 'LimitRange', 'ResourceQuota', 'Role', 'RoleBinding'],
  ...['NetworkPolicy', 'PodDisruptionBudget', 'Service'],
];
const LAST = ['StatefulSet', 'Deployment', 'DaemonSet', 'CronJob', 'HorizontalPodAutoscaler', 'Ingress', 'Route'];

export function orderOf({ kind }: { readonly kind: string }): number {
  if (FIRST.includes(kind)) return FIRST.indexOf(kind);
  return LAST.includes(kind) ? 1_000 + LAST.indexOf(kind) : 500;
}
