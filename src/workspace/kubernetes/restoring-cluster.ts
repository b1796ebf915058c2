import type { Cluster } from './cluster.ts';

/**
 * Looks as one account and writes as another: what a restore or an undo changes is changed with rights that nothing else of
 * ours has. Nobody logs in as the second before the first write.
 */
export function createRestoringCluster(looking: Cluster, restoring: Cluster): Cluster {
  const { create, patch, replace, apply, remove, missing } = restoring;
  return { ...looking, ...{ create, patch, replace, apply, remove, missing } };
}
