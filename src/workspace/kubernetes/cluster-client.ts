import { KubeConfig } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Cluster } from './cluster.ts';
import { createConnection } from './cluster-connection.ts';
import { createDiscovery } from './cluster-discovery.ts';
import { createFollow } from './cluster-follow.ts';
import { createReadLog } from './cluster-log.ts';
import { createReading } from './cluster-reading.ts';
import { createRequests, type Timing, USUAL_TIMING } from './cluster-requests.ts';
import { createWriting } from './cluster-writing.ts';

export interface ClusterOptions {
  /** Path. Absent: what KUBECONFIG names, the one in the home folder, or the one given to the pod we run in. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly log?: Log | undefined;
  readonly timing?: Partial<Timing> | undefined;
}

/** @throws PortError `platform-unavailable` when there is no usable kubeconfig. Nothing is asked of the server yet. */
export function createCluster({ kubeconfig, context, log, timing: given }: ClusterOptions = {}): Cluster {
  const timing = { ...USUAL_TIMING, ...given };
  const requests = createRequests(createConnection(loadConfig(kubeconfig, context)), timing);
  const { listed, read, list } = createReading(requests);
  const follow = createFollow({ requests, timing, listed });
  return {
    ...{ read, list, follow },
    ...createWriting(requests),
    ...createDiscovery(requests, log),
    readLog: createReadLog(requests, { follow }),
    requests: requests.counts,
  };
}

function loadConfig(kubeconfig: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new PortError('platform-unavailable', `The kubeconfig ${kubeconfig ?? ''} cannot be read.`, { cause });
  }
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() && config.getCurrentUser()) return config;
  const known = config.getContexts().map(({ name }) => name);
  throw new PortError('platform-unavailable', `The kubeconfig has no usable context ${config.getCurrentContext()}.`, {
    hint: known.length > 0 ? `it knows ${known.join(', ')}` : 'name a kubeconfig file in the platform settings',
  });
}
