import type { KubernetesObject, V1Deployment, V1Pod } from '@kubernetes/client-node';
import { createCluster } from '../../src/workspace/kubernetes/cluster-client.ts';
import { DEPLOYMENT, type Kind, POD, STATEFUL_SET } from '../../src/workspace/kubernetes/kinds.ts';

const WITHIN_MS = 60_000;

/** The services of a workspace, in the order in which they stop. */
export const SERVICES: readonly { readonly name: string; readonly kind: Kind }[] = [
  { name: 'web', kind: DEPLOYMENT },
  { name: 'ds-operator', kind: DEPLOYMENT },
  { name: 'db', kind: STATEFUL_SET },
  { name: 'longhorn-nfs-workspace1', kind: DEPLOYMENT },
];

/** Stopping and starting the same services by plain calls, as `kubectl scale` and `kubectl wait` do it. */
export interface ServicesByHand {
  /** One after the other, started the other way round; answers how long until all are ready, in ms. */
  stopAndStart(): Promise<number>;
}

export function takeServicesByHand(kubeconfig: string, namespace: string): ServicesByHand {
  const cluster = createCluster({ kubeconfig });
  const scale = (kind: Kind, name: string, replicas: number) =>
    cluster.patch(kind, name, namespace, { spec: { replicas } });
  const stop = async (kind: Kind, name: string) => {
    const { spec } = (await cluster.read(kind, name, namespace)) as V1Deployment;
    await scale(kind, name, 0);
    const where = { namespace, labels: `app=${name}` };
    await cluster.follow(POD, where, (pods: readonly V1Pod[]) => (pods.length === 0 ? true : undefined), {
      withinMs: WITHIN_MS,
    });
    return spec?.replicas ?? 1;
  };
  const start = async (kind: Kind, name: string, replicas: number) => {
    await scale(kind, name, replicas);
    const isUp = ([object]: readonly KubernetesObject[]) =>
      (object as V1Deployment | undefined)?.status?.readyReplicas === replicas ? true : undefined;
    await cluster.follow(kind, { namespace, fields: `metadata.name=${name}` }, isUp, { withinMs: WITHIN_MS });
  };
  return {
    async stopAndStart() {
      const beganAt = performance.now();
      const ran: number[] = [];
      for (const { kind, name } of SERVICES) ran.push(await stop(kind, name));
      for (const [at, { kind, name }] of [...SERVICES.entries()].reverse()) await start(kind, name, ran[at] ?? 1);
      return performance.now() - beganAt;
    },
  };
}
