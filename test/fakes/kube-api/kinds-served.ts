import type { Kind } from '../../../src/workspace/kubernetes/kinds.ts';
import * as known from '../../../src/workspace/kubernetes/kinds.ts';

/** A kind as the double serves it. */
export interface Served {
  readonly kind: Kind;
  readonly subresources: readonly string[];
  /** Of a definition that was added to the cluster: list items carry their kind, updates must carry a version. */
  readonly isCustom: boolean;
}

const space = (apiVersion: string, kind: string, plural: string): Kind => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
});
const wide = (apiVersion: string, kind: string, plural: string): Kind => ({
  apiVersion,
  kind,
  plural,
  namespaced: false,
});

const RBAC = 'rbac.authorization.k8s.io/v1';
const NETWORK = 'networking.k8s.io/v1';
const STORAGE = 'storage.k8s.io/v1';

const OTHERS: readonly Kind[] = [
  space('v1', 'ServiceAccount', 'serviceaccounts'),
  space('v1', 'Endpoints', 'endpoints'),
  space('v1', 'LimitRange', 'limitranges'),
  space('v1', 'ResourceQuota', 'resourcequotas'),
  space('v1', 'ReplicationController', 'replicationcontrollers'),
  space('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  space(RBAC, 'Role', 'roles'),
  space(RBAC, 'RoleBinding', 'rolebindings'),
  wide(RBAC, 'ClusterRole', 'clusterroles'),
  wide(RBAC, 'ClusterRoleBinding', 'clusterrolebindings'),
  space(NETWORK, 'Ingress', 'ingresses'),
  space(NETWORK, 'NetworkPolicy', 'networkpolicies'),
  wide(NETWORK, 'IngressClass', 'ingressclasses'),
  space('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  space('coordination.k8s.io/v1', 'Lease', 'leases'),
  space('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  space('events.k8s.io/v1', 'Event', 'events'),
  wide(STORAGE, 'CSIDriver', 'csidrivers'),
  wide(STORAGE, 'CSINode', 'csinodes'),
  space(STORAGE, 'CSIStorageCapacity', 'csistoragecapacities'),
  wide('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses'),
  wide('apiregistration.k8s.io/v1', 'APIService', 'apiservices'),
  wide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions'),
  space('route.openshift.io/v1', 'Route', 'routes'),
  wide('project.openshift.io/v1', 'Project', 'projects'),
  wide('security.openshift.io/v1', 'SecurityContextConstraints', 'securitycontextconstraints'),
  space('argoproj.io/v1alpha1', 'Application', 'applications'),
  space('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'kustomizations'),
  space('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'helmreleases'),
  space('longhorn.io/v1beta2', 'Volume', 'volumes'),
  space('longhorn.io/v1beta2', 'Setting', 'settings'),
];

const SCALED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController']);
const STATUSLESS = new Set([
  ...['ConfigMap', 'Secret', 'ServiceAccount', 'Endpoints', 'EndpointSlice', 'Event', 'LimitRange'],
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'StorageClass', 'CSIDriver', 'CSINode', 'Lease'],
  ...['ControllerRevision', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'PriorityClass'],
  ...['VolumeSnapshotClass', 'IngressClass', 'CSIStorageCapacity', 'SecurityContextConstraints'],
]);

function served(kind: Kind): Served {
  const subresources = [
    ...(STATUSLESS.has(kind.kind) ? [] : ['status']),
    ...(SCALED.has(kind.kind) ? ['scale'] : []),
    ...(kind.kind === 'Pod' ? ['log', 'eviction'] : []),
  ];
  return { kind, subresources, isCustom: isCustom(kind.apiVersion) };
}

/** What a server of its own, or a definition, adds has a dot in its group that is not Kubernetes' own. */
function isCustom(apiVersion: string): boolean {
  const group = apiVersion.split('/').length === 1 ? '' : (apiVersion.split('/')[0] ?? '');
  const isBuiltIn = !group.includes('.') || (group.endsWith('.k8s.io') && !group.startsWith('snapshot.'));
  return !isBuiltIn;
}

/** All kinds of the adapter and what else stands in the namespaces of workspaces. */
export const SERVED: readonly Served[] = [
  ...Object.values(known).filter((value): value is Kind => typeof value === 'object' && 'plural' in value),
  ...OTHERS,
].map(served);
