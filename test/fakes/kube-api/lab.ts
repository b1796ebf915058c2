import { summaryOf } from './controllers/nodes.ts';
import { startStorage } from './controllers/start-storage.ts';
import { startWorkloads } from './controllers/start-workloads.ts';
import type { Storage, StorageOptions } from './controllers/storage.ts';
import { createKubeDouble, type KubeDouble, type KubeDoubleOptions } from './double.ts';

/** The double of the API server with everything alive behind it. */
export interface KubeLab extends KubeDouble {
  readonly storage: Storage;
}

export interface KubeLabOptions extends Omit<KubeDoubleOptions, 'start'>, StorageOptions {}

export async function createKubeLab(options: KubeLabOptions = {}): Promise<KubeLab> {
  let storage: Storage | undefined;
  const double = await createKubeDouble({
    ...options,
    async start(world) {
      storage = await startStorage(world, options);
      startWorkloads(world);
    },
  });
  double.serve((path) => {
    const node = /^\/api\/v1\/nodes\/([^/]+)\/proxy\/stats\/summary$/.exec(path)?.[1];
    return node === undefined ? undefined : summaryOf(double.world, node);
  });
  return { ...double, storage: storage as Storage };
}
