import type { KubernetesObject } from '@kubernetes/client-node';
import type { Cluster } from '../../src/workspace/kubernetes/cluster.ts';
import type { Kind } from '../../src/workspace/kubernetes/kinds.ts';
import { type Deployed, deployedFrom } from '../deploy/deployed.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';
const kind = (apiVersion: string, name: string, plural: string, namespaced: boolean): Kind => ({
  ...{ apiVersion, kind: name, plural, namespaced },
});
/** In the order in which they are made. */
const KINDS = [
  kind('v1', 'ServiceAccount', 'serviceaccounts', true),
  kind(RBAC, 'Role', 'roles', true),
  kind(RBAC, 'ClusterRole', 'clusterroles', false),
  kind(RBAC, 'RoleBinding', 'rolebindings', true),
  kind(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false),
];

export const ACCOUNT = 'cml-movers';

/** What movers and the guard of one namespace may do, as deploy/ has it; what is cluster-wide under names of our own. */
export function rightsOf(namespace: string): Deployed[] {
  const all = deployedFrom(['base', 'workspace', 'restore'], namespace);
  const bound = all
    .filter(({ subjects }) => subjects?.some((one) => one.name === ACCOUNT && one.namespace === namespace))
    .map((one) => ({ ...one, subjects: (one.subjects ?? []).filter(({ name }) => name === ACCOUNT) }));
  const needed = new Set(bound.map(({ roleRef }) => `${roleRef?.kind} ${roleRef?.name}`));
  const roles = all.filter((one) => needed.has(`${one.kind} ${one.metadata.name}`));
  const account = all.filter(({ kind: name, metadata }) => name === 'ServiceAccount' && metadata.name === ACCOUNT);
  const own = (name: string) => `${namespace}-${name}`;
  return [...account, ...roles, ...bound].map((one) => ({
    ...one,
    metadata: one.kind.startsWith('Cluster') ? { name: own(one.metadata.name) } : one.metadata,
    ...(one.roleRef?.kind === 'ClusterRole' ? { roleRef: { ...one.roleRef, name: own(one.roleRef.name) } } : {}),
  }));
}

export async function grantRights(cluster: Cluster, namespace: string): Promise<void> {
  const objects = rightsOf(namespace);
  for (const one of KINDS)
    for (const object of objects.filter((candidate) => candidate.kind === one.kind))
      await cluster.apply(one, object as KubernetesObject);
}

/** What its namespace does not take along. */
export async function takeRights(cluster: Cluster, namespace: string): Promise<void> {
  for (const one of KINDS.filter(({ namespaced }) => !namespaced).toReversed())
    for (const { metadata } of rightsOf(namespace).filter((candidate) => candidate.kind === one.kind))
      await cluster.remove(one, metadata.name);
}
