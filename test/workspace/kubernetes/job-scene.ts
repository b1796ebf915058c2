import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import type { Program } from '../../../src/program.ts';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { CLAIM, NODE, STORAGE_CLASS } from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, LABELS, OURS, type PlaceLife, placePath } from '../../../src/workspace/kubernetes/names.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import { startStorage } from '../../fakes/kube-api/controllers/start-storage.ts';
import { startWorkloads } from '../../fakes/kube-api/controllers/start-workloads.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';
import { until } from '../../mover/restic-world.ts';
import { contextOf, NAMESPACE } from './scene.ts';

export const OPERATION = 'op_0000000001';

/** A namespace whose volumes are directories and whose Jobs really run. */
export interface JobScene {
  readonly double: KubeDouble;
  readonly context: KubeContext;
  /** The operation's. */
  readonly folder: string;
  /** Makes a claim and waits for its volume; answers the directory behind it. */
  claim(name: string, labels?: Record<string, string>): Promise<string>;
  /** The same for a place of the operation; answers its path near the data too. */
  place(life: Exclude<PlaceLife, 'live'>, part: string): Promise<{ readonly path: string; readonly directory: string }>;
  /** The same workspace, seen by another life of ours, which can die: from then on it neither does nor hears anything. */
  life(): { readonly context: KubeContext; die(): void };
  dispose(): Promise<void>;
}

/** @param begin starts what acts on workloads */
export async function createJobScene(settings: object = {}, begin = startWorkloads): Promise<JobScene> {
  const double = await createKubeDouble({
    namespaces: [NAMESPACE],
    async start(world) {
      await startStorage(world);
      begin(world);
    },
  });
  const put = (kind: typeof NODE | typeof STORAGE_CLASS, name: string, rest: object) =>
    double.store.create(kind, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, ...rest } as never);
  for (const name of ['node-1', 'node-2']) put(NODE, name, { spec: {}, status: { conditions: [] } });
  put(STORAGE_CLASS, 'block', { provisioner: 'block.csi', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
  const folder = await mkdtemp(join(tmpdir(), 'cml-jobs-'));
  const context: KubeContext = {
    ...contextOf(double.cluster(), settings),
    runHere: createLocalRunProgram(),
  };
  const claim: JobScene['claim'] = async (name, labels = {}) => {
    double.store.create(CLAIM, {
      metadata: { name, namespace: NAMESPACE, labels },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'block',
        resources: { requests: { storage: '1Gi' } },
      },
    } as KubernetesObject);
    const volumeName = () => double.store.get(CLAIM, name, NAMESPACE)?.spec.volumeName as string | undefined;
    await until(() => double.store.get(CLAIM, name, NAMESPACE)?.status?.phase === 'Bound');
    return double.world.directoryOf(volumeName() ?? '');
  };
  return {
    ...{ double, context, claim, folder: join(folder, OPERATION) },
    async place(life, part) {
      const labels = { [LABELS.managedBy]: OURS, [LABELS.operation]: OPERATION };
      const directory = await claim(claimNameOf(life, OPERATION, part), labels);
      const operationId = life === 'snapshot' ? undefined : OPERATION;
      return { path: placePath({ life, part, operationId }), directory };
    },
    life() {
      const { cluster, die } = mortal(double.cluster());
      return { context: { ...context, cluster }, die };
    },
    async dispose() {
      await double.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** After its death no call answers, no call is made, and no line or object is shown to anybody. */
function mortal(cluster: Cluster): { cluster: Cluster; die(): void } {
  let isDead = false;
  const never = new Promise<never>(() => {});
  const deaf = (value: unknown) =>
    typeof value === 'function' ? (...words: unknown[]) => (isDead ? undefined : value(...words)) : value;
  const call = (method: (...words: unknown[]) => unknown) =>
    async function lived(...words: unknown[]) {
      if (isDead) return never;
      const answer = await method(...words.map(deaf));
      return isDead ? never : answer;
    };
  const methods = Object.entries(cluster).map(([name, method]) => [name, call(method)]);
  return {
    cluster: Object.fromEntries(methods),
    die() {
      isDead = true;
    },
  };
}

/** A program that has a scratch place of its own. */
export function near(path: string, access: 'read' | 'write' = 'write'): Pick<Program, 'needs'> {
  return { needs: { places: [{ path, access }] } };
}
