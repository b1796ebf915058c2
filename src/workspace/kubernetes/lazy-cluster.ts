import type { Cluster } from './cluster.ts';
import type { ClusterOptions } from './cluster-client.ts';

/** The client takes 90 MB and a third of a second to load: it comes with the first request, not with the first look at it. */
export function createLazyCluster(options: ClusterOptions): Cluster {
  let loading: Promise<Cluster> | undefined;
  let loaded: Cluster | undefined;
  const load = () => {
    loading ??= import('./cluster-client.ts').then(({ createCluster }) => {
      loaded = createCluster(options);
      return loaded;
    });
    // A kubeconfig that could not be read may be there the next time.
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
  return {
    read: async (kind, name, namespace) => (await load()).read(kind, name, namespace),
    list: async (kind, where) => (await load()).list(kind, where),
    create: async (kind, object, wish) => (await load()).create(kind, object, wish),
    patch: async (kind, name, namespace, patch) => (await load()).patch(kind, name, namespace, patch),
    replace: async (kind, object) => (await load()).replace(kind, object),
    apply: async (kind, object) => (await load()).apply(kind, object),
    remove: async (kind, name, namespace, wish) => (await load()).remove(kind, name, namespace, wish),
    follow: async (kind, where, look, wish) => (await load()).follow(kind, where, look, wish),
    readLog: async (pod, onLine, wish) => (await load()).readLog(pod, onLine, wish),
    serves: async (kind) => (await load()).serves(kind),
    discover: async () => (await load()).discover(),
    missing: async (wishes, account) => (await load()).missing(wishes, account),
    mayList: async (namespace) => (await load()).mayList(namespace),
    get: async (path) => (await load()).get(path),
    requests: () => loaded?.requests() ?? {},
  };
}
