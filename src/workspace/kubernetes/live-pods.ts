import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import { JOB, POD } from './kinds.ts';

/** All pods that may have something mounted, in every namespace: whoever writes to a part need not be of the workspace. */
export function listLivePods(cluster: Cluster): Promise<V1Pod[]> {
  return cluster.list(POD, { fields: 'status.phase!=Succeeded,status.phase!=Failed' });
}

export interface PodOwner {
  readonly kind: string;
  readonly name: string;
}

/** The workload that a pod belongs to, its ReplicaSet or Job looked through; undefined for a bare pod. */
export async function ownerOfPod(pod: V1Pod, cluster: Cluster): Promise<PodOwner | undefined> {
  const owner = controllerOf(pod);
  if (owner?.kind === 'ReplicaSet') return deploymentOf(pod, owner);
  if (owner?.kind !== 'Job') return owner;
  const made = await cluster.read(JOB, owner.name, pod.metadata?.namespace);
  return (made && controllerOf(made)) ?? owner;
}

/** A ReplicaSet is named after its Deployment and the hash that its pods carry. */
export function deploymentOf({ metadata }: V1Pod, owner: PodOwner): PodOwner {
  const hash = metadata?.labels?.['pod-template-hash'];
  if (hash === undefined || !owner.name.endsWith(`-${hash}`)) return owner;
  return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
}

export function controllerOf({ metadata }: Pick<V1Pod, 'metadata'>): PodOwner | undefined {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** No container can write to it. */
export function mountsOnlyToRead(spec: V1PodSpec, volume: string): boolean {
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const isDevice = containers.some(({ volumeDevices }) => volumeDevices?.some(({ name }) => name === volume));
  const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.filter(({ name }) => name === volume));
  return !isDevice && mounts.every(({ readOnly }) => readOnly === true);
}
