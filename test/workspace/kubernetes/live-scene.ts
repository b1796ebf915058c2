import type { KubernetesObject } from '@kubernetes/client-node';
import { pino } from 'pino';
import { systemClock } from '../../../src/clock.ts';
import type { Log } from '../../../src/log.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import type { Kind } from '../../../src/workspace/kubernetes/kinds.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { startStorage } from '../../fakes/kube-api/controllers/start-storage.ts';
import { startWorkloads } from '../../fakes/kube-api/controllers/start-workloads.ts';
import type { Storage } from '../../fakes/kube-api/controllers/storage.ts';
import type { Behaviour } from '../../fakes/kube-api/controllers/world.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';

export const SPACE = 'ws1';
export const DRIVER = 'driver.longhorn.io';
const CLASS = 'longhorn';

/** A small workspace that is alive: `web` x2 and `ds-operator` on the shared folder, `db` and `livelog` on volumes, `nightly`. */
export interface LiveScene extends KubeDouble {
  readonly storage: Storage;
  readonly context: KubeContext;
  /** What was logged as a warning or worse. */
  readonly warnings: string[];
  with(settings: object): KubeContext;
  put(kind: Kind, name: string, rest?: object, namespace?: string): Stored;
  get(kind: Kind, name: string, namespace?: string): Stored;
  edit(kind: Kind, name: string, edit: (object: Stored) => void, namespace?: string): void;
  workload(kind: Kind, name: string, options?: WorkloadOptions): void;
  /** Pods of a workload by its name, those that are on their way out too. */
  pods(name: string): Stored[];
  /** From its next pod on, which comes at once. */
  behave(workload: string, behaviour: Behaviour): Promise<void>;
  until(what: string, isSo: () => unknown): Promise<void>;
  /** Every workload of the scene has as many ready pods as it asks for. */
  untilUp(): Promise<void>;
}

export interface WorkloadOptions {
  readonly replicas?: number;
  /** Names of claims that it mounts. */
  readonly claims?: readonly string[];
  /** Names of claim templates. */
  readonly templates?: readonly string[];
  readonly labels?: Record<string, string>;
  readonly spec?: object;
  readonly metadata?: object;
  readonly grace?: number;
}

export async function createLiveScene(): Promise<LiveScene> {
  let storage: Promise<Storage> | undefined;
  const double = await createKubeDouble({
    namespaces: [SPACE, `${SPACE}-user-1`],
    start(world) {
      storage = startStorage(world);
      startWorkloads(world);
      return storage;
    },
  });
  const { store } = double;
  const warnings: string[] = [];
  const scene: LiveScene = {
    ...double,
    warnings,
    storage: await (storage as unknown as Promise<Storage>),
    context: contextOf(double, warnings, {}),
    with: (settings) => contextOf(double, warnings, settings),
    put: (kind, name, rest = {}, namespace = SPACE) => {
      const { metadata, ...others } = rest as { metadata?: object };
      return store.create(kind, {
        metadata: { ...metadata, name, ...(kind.namespaced ? { namespace } : {}) },
        ...others,
      } as KubernetesObject);
    },
    get(kind, name, namespace = SPACE) {
      const found = store.get(kind, name, namespace);
      if (!found) throw new Error(`no ${kind.kind} ${name}`);
      return found;
    },
    edit: (kind, name, edit, namespace = SPACE) => void store.edit(kind, name, namespace, edit),
    workload: (kind, name, options = {}) => void scene.put(kind, name, workloadOf(kind, name, options)),
    pods: (name) => store.list(kinds.POD, SPACE).filter(({ metadata }) => metadata.labels?.app === name),
    async behave(workload, behaviour) {
      double.world.behaviours.set(workload, behaviour);
      const old = scene.pods(workload).map(({ metadata }) => metadata.name);
      const uids = scene.pods(workload).map(({ metadata }) => metadata.uid);
      for (const name of old) store.remove(kinds.POD, name, SPACE, { graceSeconds: 0 });
      const isNew = () => scene.pods(workload).every(({ metadata }) => !uids.includes(metadata.uid));
      await until(scene, `${workload} is up anew`, () => isNew() && scene.pods(workload).length > 0 && isUp(scene));
    },
    until: (what, isSo) => until(scene, what, isSo),
    untilUp: () => until(scene, 'everything is up', () => isUp(scene)),
  };
  furnish(scene);
  await scene.untilUp();
  return scene;
}

function furnish(scene: LiveScene): void {
  scene.put(kinds.NODE, 'node-1', { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  scene.put(kinds.STORAGE_CLASS, CLASS, {
    ...{ provisioner: DRIVER, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
  });
  scene.storage.driver(DRIVER).accessModes = ['ReadWriteOnce', 'ReadWriteMany'];
  scene.put(kinds.CLAIM, 'projects-pvc', claimOf('ReadWriteMany'));
  scene.workload(kinds.STATEFUL_SET, 'db', { templates: ['data'], grace: 30 });
  scene.workload(kinds.STATEFUL_SET, 'livelog', { templates: ['log'], grace: 20 });
  scene.workload(kinds.DEPLOYMENT, 'web', { replicas: 2, claims: ['projects-pvc'] });
  scene.workload(kinds.DEPLOYMENT, 'ds-operator', { claims: ['projects-pvc'] });
  scene.workload(kinds.CRON_JOB, 'nightly');
}

function contextOf(double: KubeDouble, warnings: string[], settings: object): KubeContext {
  const log: Log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  return {
    ...{ workspace: SPACE, namespace: SPACE, image: 'cml-backup:1', clock: systemClock, log },
    cluster: double.cluster(),
    settings: kubernetesSettings.parse({ kind: 'kubernetes', stopWithin: 3_000, startWithin: 3_000, ...settings }),
    policy: workspacePolicy.parse({}),
    runHere: () => Promise.reject(new Error('nothing is run here')),
  };
}

function claimOf(mode: string): object {
  return {
    spec: { accessModes: [mode], storageClassName: CLASS, resources: { requests: { storage: '1Gi' } } },
  };
}

function workloadOf(kind: Kind, name: string, options: WorkloadOptions): object {
  const { replicas = 1, claims = [], templates = [], labels = {}, spec = {}, metadata = {}, grace = 1 } = options;
  const mounts = [...claims, ...templates];
  const template = {
    metadata: { labels: { app: name, ...labels } },
    spec: {
      terminationGracePeriodSeconds: grace,
      containers: [
        { name, image: 'ml/app:1', volumeMounts: mounts.map((mount) => ({ name: mount, mountPath: `/${mount}` })) },
      ],
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
  };
  if (kind === kinds.CRON_JOB)
    return { metadata, spec: { schedule: '0 3 * * *', suspend: false, jobTemplate: { spec: { template } }, ...spec } };
  const own = templates.map((one) => ({ metadata: { name: one }, ...claimOf('ReadWriteOnce') }));
  const set = kind === kinds.STATEFUL_SET ? { volumeClaimTemplates: own, serviceName: name } : {};
  return { metadata, spec: { replicas, selector: { matchLabels: { app: name } }, template, ...set, ...spec } };
}

export function isUp(scene: Pick<LiveScene, 'store'>): boolean {
  const { store } = scene;
  return [kinds.DEPLOYMENT, kinds.STATEFUL_SET].every((kind) =>
    store
      .list(kind, SPACE)
      .every(
        ({ spec, status, metadata }) =>
          status?.observedGeneration === metadata.generation && (status?.readyReplicas ?? 0) === spec.replicas,
      ),
  );
}

async function until({ store, world }: Pick<LiveScene, 'store' | 'world'>, what: string, isSo: () => unknown) {
  const endsAt = Date.now() + 8_000;
  while (!isSo()) {
    if (Date.now() > endsAt) {
      const pods = store.list(kinds.POD).map(({ metadata, status }) => `${metadata.name} ${status?.phase}`);
      throw new Error(`never so: ${what}; pods: ${pods.join(', ')}; failures: ${world.failures.join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
