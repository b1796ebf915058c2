import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEPLOYMENT, type Kind, POD, STATEFUL_SET } from '../../src/workspace/kubernetes/kinds.ts';
import { createNode } from '../fakes/kube-api/controllers/nodes.ts';
import { isReady } from '../fakes/kube-api/controllers/pod-status.ts';
import { startWorkloads } from '../fakes/kube-api/controllers/start-workloads.ts';
import { createWorld, type Delays, type World } from '../fakes/kube-api/controllers/world.ts';
import { fillIn } from '../fakes/kube-api/defaults.ts';
import { createStore, type Stored } from '../fakes/kube-api/store.ts';

export const SPACE = 'cml-demo';

export interface Scene {
  readonly world: World;
  make(kind: Kind, object: object): Stored;
  get(kind: Kind, name: string): Stored | undefined;
  pods(app?: string): Stored[];
  scale(kind: Kind, name: string, replicas: number): void;
  until(isSo: () => boolean): Promise<void>;
  dispose(): Promise<void>;
}

/** Workloads on one node, without storage. */
export async function makeScene(delays: Partial<Delays> = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-kube-work-'));
  const world = createWorld({ store: createStore(), folder, delays });
  createNode(world, 'lab-node');
  startWorkloads(world);
  return sceneOf(world, () => rm(folder, { recursive: true, force: true }));
}

export function sceneOf(world: World, clean: () => Promise<void>): Scene {
  const { store } = world;
  return {
    world,
    make: (kind, object) => put(world, kind, object),
    get: (kind, name) => store.get(kind, name, SPACE),
    pods: (app) => store.list(POD, SPACE).filter(({ metadata }) => app === undefined || metadata.labels?.app === app),
    scale(kind, name, replicas) {
      store.edit(kind, name, SPACE, ({ spec }) => {
        spec.replicas = replicas;
      });
    },
    async until(isSo) {
      const end = Date.now() + 10_000;
      while (!isSo()) {
        if (Date.now() > end) throw new Error(`it does not come: ${JSON.stringify(world.failures.map(String))}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    async dispose() {
      await world.stop();
      await clean();
    },
  };
}

/** As the server makes it, defaults filled in. */
export function put(world: World, kind: Kind, object: object): Stored {
  const made = { ...structuredClone(object), apiVersion: kind.apiVersion, kind: kind.kind } as Stored;
  if (kind.namespaced) made.metadata = { namespace: SPACE, ...made.metadata };
  fillIn(made);
  return world.store.create(kind, made);
}

export interface ServiceWish {
  readonly replicas?: number;
  readonly graceSeconds?: number;
  readonly volumes?: readonly object[];
  readonly isProbed?: boolean;
}

/** A service's spec, its volumes empty unless they are given whole. */
export function service(
  name: string,
  { replicas = 1, graceSeconds, volumes = [], isProbed }: ServiceWish = {},
): object {
  return {
    metadata: { name, labels: { app: name } },
    spec: {
      ...{ replicas, selector: { matchLabels: { app: name } } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          ...(graceSeconds === undefined ? {} : { terminationGracePeriodSeconds: graceSeconds }),
          containers: [
            { name: 'main', image: `${name}:1`, ...(isProbed ? { readinessProbe: { periodSeconds: 1 } } : {}) },
          ],
          volumes,
        },
      },
    },
  };
}

export const empty = (...names: readonly string[]) => names.map((name) => ({ name, emptyDir: {} }));

/** The demo workspace of the recordings, up. */
export async function makeDemo(scene: Scene): Promise<void> {
  const { make, pods, until, world } = scene;
  world.behaviours.set('web', { ignoresTerm: true });
  const web = { replicas: 2, graceSeconds: 5, volumes: empty('www', 'tls', 'projects'), isProbed: true };
  make(DEPLOYMENT, service('web', web));
  make(DEPLOYMENT, service('ds-operator', { graceSeconds: 2, volumes: empty('projects') }));
  make(STATEFUL_SET, service('db', { graceSeconds: 30, volumes: empty('data'), isProbed: true }));
  make(STATEFUL_SET, service('livelog', { graceSeconds: 3, volumes: empty('data') }));
  await until(() => pods().length === 5 && pods().every(isReady));
  await settled(scene);
}

/** Nothing has changed for a while. */
export async function settled({ world, until }: Scene, quietMs = 60): Promise<void> {
  let at = Date.now();
  let version = world.store.version();
  await until(() => {
    if (world.store.version() !== version) at = Date.now();
    version = world.store.version();
    return Date.now() - at >= quietMs;
  });
}
