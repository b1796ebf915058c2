import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Cluster } from './cluster.ts';
import { createLazyCluster } from './lazy-cluster.ts';
import type { KubernetesSettings } from './settings.ts';

/** A kubeconfig may be written anew at any time: who comes later than this gets a client that has read it again. */
const SHARED_MS = 60_000;

export type ClustersOf = (
  settings: Pick<KubernetesSettings, 'kubeconfig' | 'context'> & { readonly account?: string },
) => Cluster;

/** Answers one client for all workspaces of a cluster: they share its connections, what it has discovered, and long lists. */
export function createClusters(world: { readonly clock: Clock; readonly log: Log }): ClustersOf {
  const known = new Map<string, { readonly cluster: Cluster; readonly until: number }>();
  return ({ kubeconfig, context, account }) => {
    const key = JSON.stringify([kubeconfig, context, account]);
    const now = world.clock.now().getTime();
    const standing = known.get(key);
    if (standing && now < standing.until) return standing.cluster;
    const cluster = createLazyCluster({ kubeconfig, context, account, log: world.log });
    known.set(key, { cluster, until: now + SHARED_MS });
    return cluster;
  };
}
