import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { NODE, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { isOver, stamp } from './pod-status.ts';
import { volumeOf } from './pod-volumes.ts';
import type { World } from './world.ts';

export function createNode(world: World, name: string, labels: Readonly<Record<string, string>> = {}): Stored {
  return world.store.create(NODE, {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } },
    spec: {},
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      nodeInfo: { kubeletVersion: 'v1.34.1', osImage: 'double', architecture: 'amd64' },
      ...{
        capacity: { cpu: '8', memory: '32Gi', pods: '110' },
        allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
      },
    },
  } as KubernetesObject);
}

/** Answer of `/api/v1/nodes/<name>/proxy/stats/summary`: what the claims of its running pods hold, counted on the spot. */
export function summaryOf(world: World, nodeName: string): object {
  const pods = world.store.list(POD).filter((pod) => pod.spec.nodeName === nodeName && !isOver(pod));
  return {
    node: { nodeName },
    pods: pods.map((pod) => ({
      podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      volume: (pod.spec.volumes ?? []).flatMap((volume: Stored) => volumeStats(world, pod, volume)),
    })),
  };
}

function volumeStats(world: World, { metadata }: Stored, { name, persistentVolumeClaim }: Stored): object[] {
  const claimName: string | undefined = persistentVolumeClaim?.claimName;
  const volume = claimName && volumeOf(world, metadata.namespace, claimName);
  if (!volume) return [];
  const directory = world.directoryOf(volume.metadata.name);
  const { bytes, inodes } = weigh(directory);
  const disk = statfsSync(directory);
  const [availableBytes, inodesFree] = [disk.bavail * disk.bsize, disk.ffree];
  return [
    {
      ...{ name, time: stamp(world.now()), pvcRef: { name: claimName, namespace: metadata.namespace } },
      ...{ usedBytes: bytes, availableBytes, capacityBytes: bytes + availableBytes },
      ...{ inodesUsed: inodes, inodesFree, inodes: inodes + inodesFree },
    },
  ];
}

function weigh(path: string): { readonly bytes: number; readonly inodes: number } {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return { bytes: 0, inodes: 0 };
  const inside = stat.isDirectory() ? readdirSync(path).map((name) => weigh(join(path, name))) : [];
  return inside.reduce((sum, one) => ({ bytes: sum.bytes + one.bytes, inodes: sum.inodes + one.inodes }), {
    bytes: stat.blocks * 512,
    inodes: 1,
  });
}
