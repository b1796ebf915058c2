import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import { type ClusterOptions, createCluster } from '../../../src/workspace/kubernetes/cluster-client.ts';
import { type Kind, NAMESPACE } from '../../../src/workspace/kubernetes/kinds.ts';
import { type Access, attributesOf, createAccess, rightOf } from './access.ts';
import { admitStorage } from './controllers/storage-admission.ts';
import { admit as askWebhooks } from './controllers/webhook.ts';
import { createWorld, type Delays, type World } from './controllers/world.ts';
import { createFaults, type Faults } from './faults.ts';
import { SERVED, type Served } from './kinds-served.ts';
import { type Admission, createObjects } from './objects.ts';
import type { ApiRequest } from './requests.ts';
import { startServer } from './server.ts';
import { createStore, type Store } from './store.ts';
import { createWatches } from './watch.ts';

export interface KubeDouble {
  readonly url: string;
  /** Path of a file. */
  readonly kubeconfig: string;
  readonly store: Store;
  readonly faults: Faults;
  readonly access: Access;
  /** What controllers share, on disk below a temporary folder. */
  readonly world: World;
  /** Every request about objects so far, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** All others: discovery, reviews, what a node says. */
  readonly others: readonly OtherRequest[];
  /** How many watches are open. */
  watching(): number;
  /**
   * A new client of its own, with its own count. `caller` is what faults know it by: one life of a process, which is dead
   * when all that it sends is met with silence.
   */
  cluster(timing?: ClusterOptions['timing'], caller?: string): Cluster;
  /** Asked before each write. */
  admit(admission: Admission): () => void;
  /** Takes an address that is none of objects, such as a node's statistics: undefined when it is not his. */
  serve(answer: (path: string, query: URLSearchParams) => unknown): () => void;
  /** Takes kinds from the server, as a cluster that lacks them, or a later version, does. */
  withdraw(kind: Kind): void;
  /** Adds a kind, as a definition does. */
  offer(kind: Kind): void;
  dispose(): Promise<void>;
}

export interface SeenRequest {
  readonly verb: ApiRequest['verb'];
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** Labels and fields that were asked for. */
  readonly selector: string;
  /** Token of who sent it. */
  readonly caller: string;
  /** What access is decided by: `<verb> <group>/<resource>[/<subresource>]`, the group empty for the first one. */
  readonly right: string;
  readonly atMs: number;
}

export interface OtherRequest {
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
}

export interface KubeDoubleOptions {
  readonly now?: () => Date;
  /** Made at once. */
  readonly namespaces?: readonly string[];
  readonly bookmarkMs?: number;
  /** Where all of it lies. Absent: where temporary files do. On btrfs snapshots take no longer for more bytes. */
  readonly folder?: string;
  readonly delays?: Partial<Delays>;
  /** Starts controllers, before any request can come: `startStorage`, ... They end with the world. */
  readonly start?: (world: World) => unknown;
}

export async function createKubeDouble(options: KubeDoubleOptions = {}): Promise<KubeDouble> {
  const { now = () => new Date(), namespaces = [], bookmarkMs = 1_000 } = options;
  const store = createStore(now);
  const faults = createFaults();
  const access = createAccess();
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'kube-double-'));
  const world = createWorld({ store, folder: join(folder, 'world'), now, delays: options.delays ?? {} });
  const kinds: Served[] = [...SERVED];
  const admissions = new Set<Admission>();
  const answers = new Set<(path: string, query: URLSearchParams) => unknown>();
  const requests: SeenRequest[] = [];
  const others: OtherRequest[] = [];
  const server = await startServer({
    ...{ store, faults, access, kinds, now, logs: world.logs },
    objects: createObjects({ store, admissions, now }),
    watches: createWatches({ store, faults, bookmarkMs }),
    seen(request) {
      const { verb, served, namespace, name, subresource, query, caller } = request;
      const selector = [query.get('labelSelector'), query.get('fieldSelector')].filter(Boolean).join(' ');
      const { kind } = served.kind;
      const right = rightOf(attributesOf(request));
      requests.push({ verb, kind, namespace, name, subresource, selector, caller, right, atMs: performance.now() });
    },
    seenOther: (method, path) => others.push({ method, path, atMs: performance.now() }),
    elsewhere: (path, query) => [...answers].map((answer) => answer(path, query)).find((found) => found !== undefined),
  });
  const kubeconfig = join(folder, 'kubeconfig');
  const write = (path: string, token: string) =>
    writeFileSync(path, JSON.stringify(configFor(server.url, token)), { mode: 0o600 });
  write(kubeconfig, 'a-token');
  // Pods that really run reach this server as we do.
  world.podEnvironment.KUBECONFIG = kubeconfig;
  world.imagePaths.push(kubeconfig);
  admitStorage(store);
  admissions.add(({ operation, request, object }) => {
    if (operation === 'CREATE') askWebhooks(world, request.served.kind, object);
  });
  for (const name of ['default', 'kube-system', ...namespaces]) {
    const metadata = { name, labels: { 'kubernetes.io/metadata.name': name } };
    store.create(NAMESPACE, { metadata, status: { phase: 'Active' } } as never);
  }
  await options.start?.(world);
  return {
    ...{ url: server.url, kubeconfig, store, faults, access, world, requests, others },
    watching: () => faults.watches.size,
    cluster(timing, caller = 'a-token') {
      const own = join(folder, `kubeconfig-${caller}`);
      write(own, caller);
      return createCluster({ kubeconfig: own, timing });
    },
    admit: (admission) => enlisted(admissions, admission),
    serve: (answer) => enlisted(answers, answer),
    withdraw(kind) {
      const at = kinds.findIndex(
        (served) => served.kind.apiVersion === kind.apiVersion && served.kind.plural === kind.plural,
      );
      if (at >= 0) kinds.splice(at, 1);
    },
    offer(kind) {
      kinds.push({ kind, subresources: ['status'], isCustom: true });
    },
    async dispose() {
      await world.stop();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function enlisted<T>(set: Set<T>, entry: T): () => void {
  set.add(entry);
  return () => void set.delete(entry);
}

/** JSON is YAML. client-node takes plain HTTP only from those who do not want certificates verified. */
function configFor(server: string, token: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'double', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'us', user: { token } }],
    contexts: [{ name: 'double', context: { cluster: 'double', user: 'us' } }],
    'current-context': 'double',
  };
}
