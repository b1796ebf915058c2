import { KubeConfig } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createAccountToken } from './account-token.ts';
import type { Cluster } from './cluster.ts';
import { createConnection } from './cluster-connection.ts';
import { createDiscovery } from './cluster-discovery.ts';
import { createFollow } from './cluster-follow.ts';
import { createReadLog } from './cluster-log.ts';
import { createReading } from './cluster-reading.ts';
import { createRequests, type Timing, USUAL_TIMING } from './cluster-requests.ts';
import { createWriting } from './cluster-writing.ts';
import { createSharedLists } from './shared-lists.ts';

export interface ClusterOptions {
  /** Path. Absent: what KUBECONFIG names, the one in the home folder, or the one given to the pod we run in. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly log?: Log | undefined;
  /** Not whom the kubeconfig names, but this service account, `<namespace>/<name>`, whose tokens that one may ask for. */
  readonly account?: string | undefined;
  readonly timing?: Partial<Timing> | undefined;
}

/** @throws PortError `platform-unavailable` when there is no usable kubeconfig. Nothing is asked of the server yet. */
export function createCluster({ kubeconfig, context, log, account, timing: given }: ClusterOptions = {}): Cluster {
  const timing = { ...USUAL_TIMING, ...given };
  const config = loadConfig(kubeconfig, context);
  const own = createRequests(createConnection(config), timing);
  const token = account === undefined ? undefined : createAccountToken(own, account);
  const requests = token ? createRequests(createConnection(config, token), timing) : own;
  const { listed, read, list } = createReading(requests);
  const follow = createFollow({ requests, timing, listed });
  return {
    ...{ read, follow, list: createSharedLists(list) },
    ...createWriting(requests),
    ...createDiscovery(requests, timing, log),
    readLog: createReadLog(requests, { follow }),
    requests: requests.counts,
  };
}

/** What client-node makes up where there is neither a kubeconfig nor the account of a pod. */
const MADE_UP = { server: 'http://localhost:8080', context: 'loaded-context' };

function loadConfig(kubeconfig: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const named = kubeconfig === undefined ? 'The kubeconfig' : `The kubeconfig ${kubeconfig}`;
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new PortError('platform-unavailable', `${named} ${isAbsent ? 'is not there' : 'cannot be read'}.`, {
      cause,
      hint: NAME_ONE,
    });
  }
  if (kubeconfig === undefined && isMadeUp(config))
    throw new PortError('platform-unavailable', 'There is no kubeconfig, and this is not a pod of a cluster.', {
      hint: NAME_ONE,
    });
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() && config.getCurrentUser()) return config;
  const known = config.getContexts().map(({ name }) => name);
  const wanted = config.getCurrentContext();
  const lacks = wanted ? `has no usable context ${wanted}` : 'names no context';
  throw new PortError('platform-unavailable', `${named} ${lacks}.`, {
    hint: known.length > 0 ? `it knows ${known.join(', ')}` : NAME_ONE,
  });
}

const NAME_ONE =
  'name one: platform.kubeconfig and platform.context in cml.yaml, --kubeconfig and --context where cml.yaml is made';

function isMadeUp(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.server === MADE_UP.server && config.getCurrentContext() === MADE_UP.context;
}
