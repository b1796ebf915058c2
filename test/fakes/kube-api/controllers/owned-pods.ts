import { createHash } from 'node:crypto';
import type { V1OwnerReference } from '@kubernetes/client-node';
import { type Kind, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import { fillIn } from '../defaults.ts';
import type { Stored } from '../store.ts';
import { graceOf } from './pod-status.ts';
import { admit } from './webhook.ts';
import type { World } from './world.ts';

export function ownerReferenceTo(owner: Stored): V1OwnerReference {
  const { apiVersion = '', kind = '', metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export function ownedBy(world: World, owner: Stored, kind: Kind = POD): Stored[] {
  return world.store
    .list(kind, owner.metadata.namespace)
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some((one) => one.controller && one.uid === owner.metadata.uid),
    );
}

/** Key of the owner of this kind, if it has one. */
export function ownerKey(object: Stored, kind: string): string[] {
  const owner = object.metadata.ownerReferences?.find((one) => one.controller && one.kind === kind);
  return owner ? [`${object.metadata.namespace}/${owner.name}`] : [];
}

export interface PodWish {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec?: object;
}

/** A pod from its owner's template. Refused as any other when a webhook says no. */
export function createPod(world: World, owner: Stored, { name, labels, finalizers, spec }: PodWish): Stored {
  const { metadata, spec: wanted } = owner.spec.template;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(name === undefined ? {} : { name }),
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace as string,
      labels: { ...metadata?.labels, ...labels },
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [ownerReferenceTo(owner)],
    },
    spec: withToken({ ...wanted, ...spec }),
  } as Stored;
  fillIn(pod);
  admit(world, POD, pod);
  return world.store.create(POD, pod);
}

/** What the API server adds to the pods of those who do not say no. */
function withToken(spec: Stored['spec']): Stored['spec'] {
  const access = `kube-api-access-${randomEnding()}`;
  const wantsToken = spec.automountServiceAccountToken !== false;
  const token = {
    name: access,
    projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }] },
  };
  const mount = { name: access, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  return {
    serviceAccountName: 'default',
    ...structuredClone(spec),
    containers: structuredClone(spec.containers).map((container: Stored['spec']) => ({
      ...container,
      volumeMounts: [...(container.volumeMounts ?? []), ...(wantsToken ? [mount] : [])],
    })),
    volumes: [...(spec.volumes ?? []), ...(wantsToken ? [token] : [])],
  };
}

const randomEnding = () => Math.random().toString(36).slice(2, 7).padEnd(5, 'x');

export function deletePod(world: World, { metadata }: Stored): void {
  const standing = world.store.get(POD, metadata.name, metadata.namespace);
  if (standing?.metadata.uid !== metadata.uid || standing.metadata.deletionTimestamp) return;
  world.store.remove(POD, metadata.name, metadata.namespace, { graceSeconds: graceOf(standing), uid: metadata.uid });
}

/** Short, and the same for the same template. */
export function hashOf(template: unknown): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
}

/** Numbers that are 0 are left out, as the API does with most. */
export function counts(numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number > 0));
}
