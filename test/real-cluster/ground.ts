import { setTimeout as pause } from 'node:timers/promises';
import type { V1PodSpec } from '@kubernetes/client-node';
import type { Cluster } from '../../src/workspace/kubernetes/cluster.ts';
import { CLAIM, DEPLOYMENT, JOB, NAMESPACE, POD, STATEFUL_SET, VOLUME } from '../../src/workspace/kubernetes/kinds.ts';
import { RUNS } from '../fakes/kube-api/controllers/pod.ts';
import { grantRights, takeRights } from './rights.ts';
import { CHANGE, LIST, WRITE } from './scripts.ts';

export interface GroundWish {
  readonly cluster: Cluster;
  /** Made, and removed with all that is in it. */
  readonly namespace: string;
  /** Absent: the default one of the cluster. */
  readonly blockClass?: string | undefined;
  /** One whose volumes many pods may write; absent: both parts are block volumes. */
  readonly sharedClass?: string | undefined;
  /** Has sh, find, stat, seq and sha256sum. */
  readonly toolsImage: string;
}

/** A small workspace of our own on any cluster, and what a test does to it from outside. */
export interface Ground {
  readonly parts: readonly string[];
  readonly services: readonly string[];
  change(): Promise<void>;
  /** What is on each part, a line for each entry, as a pod sees it. */
  list(): Promise<Record<string, string[]>>;
  allUp(): Promise<void>;
  /** Takes everything away, the bytes of displaced volumes too. */
  dispose(): Promise<void>;
}

const DATA = 'data-db-0';
const PROJECTS = 'projects-pvc';
const WITHIN_MS = 300_000;

export async function layGround(wish: GroundWish): Promise<Ground> {
  const { cluster, namespace, toolsImage } = wish;
  let jobs = 0;
  const ground: Ground = {
    parts: [DATA, PROJECTS],
    services: ['db', 'web'],
    async change() {
      for (const part of ground.parts) await run(part, CHANGE);
    },
    async list() {
      const listed: Record<string, string[]> = {};
      for (const part of ground.parts) listed[part] = await run(part, LIST);
      return listed;
    },
    async allUp() {
      const isReady = ({ spec, status }: { spec?: { replicas?: number }; status?: { readyReplicas?: number } }) =>
        (spec?.replicas ?? 0) > 0 && spec?.replicas === status?.readyReplicas;
      const options = { withinMs: WITHIN_MS, late: () => new Error('the services do not come up') };
      await cluster.follow(DEPLOYMENT, { namespace }, (all) => all.some(isReady) || undefined, options);
      await cluster.follow(STATEFUL_SET, { namespace }, (all) => all.some(isReady) || undefined, options);
    },
    dispose: () => clear(wish),
  };

  /** Runs a script over a part in a pod beside the one that has it mounted; answers what it printed. */
  async function run(part: string, script: string): Promise<string[]> {
    jobs += 1;
    const name = `look-${jobs}`;
    const nodeName = await nodeOf(cluster, namespace, part);
    const spec: V1PodSpec = { ...podOver(part, ['sh', '-c', script], toolsImage), restartPolicy: 'Never' };
    const template = {
      metadata: { labels: { [RUNS]: 'true' } },
      spec: { ...spec, ...(nodeName === undefined ? {} : { nodeName }) },
    };
    await cluster.create(JOB, { metadata: { name, namespace }, spec: { backoffLimit: 0, template } });
    const phase = await cluster.follow(
      POD,
      { namespace, labels: `job-name=${name}` },
      ([pod]) => (['Succeeded', 'Failed'].includes(pod?.status?.phase ?? '') ? pod : undefined),
      { withinMs: WITHIN_MS, late: () => new Error(`the Job ${name} over ${part} does not end`) },
    );
    const lines: string[] = [];
    const pod = { name: phase.metadata?.name ?? '', namespace, container: 'main' };
    await cluster.readLog(pod, (line) => lines.push(line));
    await cluster.remove(JOB, name, namespace, { propagation: 'Background' });
    if (phase.status?.phase !== 'Succeeded') throw new Error(`the Job ${name} over ${part} failed: ${lines.join(' ')}`);
    await cluster.follow(POD, { namespace, labels: `job-name=${name}` }, (all) => all.length === 0 || undefined);
    return lines;
  }

  try {
    await cluster.create(NAMESPACE, { metadata: { name: namespace, labels: { 'cml-test/e2e': 'true' } } });
    await grantRights(cluster, namespace);
    await makeClaims(wish);
    for (const part of ground.parts) await run(part, WRITE);
    await makeServices(wish);
    await ground.allUp();
  } catch (error) {
    await clear(wish);
    throw error;
  }
  return ground;
}

async function makeClaims({ cluster, namespace, blockClass, sharedClass }: GroundWish): Promise<void> {
  const claim = (name: string, mode: string, storageClassName: string | undefined) =>
    cluster.create(CLAIM, {
      metadata: { name, namespace },
      spec: {
        accessModes: [mode],
        resources: { requests: { storage: '1Gi' } },
        ...(storageClassName === undefined ? {} : { storageClassName }),
      },
    });
  await claim(DATA, 'ReadWriteOnce', blockClass);
  await claim(PROJECTS, sharedClass === undefined ? 'ReadWriteOnce' : 'ReadWriteMany', sharedClass ?? blockClass);
}

async function makeServices({ cluster, namespace, blockClass, toolsImage }: GroundWish): Promise<void> {
  const sleep = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'];
  const template = (app: string, part: string) => ({
    metadata: { labels: { app } },
    spec: podOver(part, sleep, toolsImage),
  });
  const common = (app: string) => ({ replicas: 1, selector: { matchLabels: { app } } });
  const data = template('db', DATA);
  await cluster.create(STATEFUL_SET, {
    metadata: { name: 'db', namespace },
    spec: {
      ...common('db'),
      serviceName: 'db',
      template: { ...data, spec: { ...data.spec, volumes: [] } },
      // Made already, and written to, under the name that the controller gives it.
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
            ...(blockClass === undefined ? {} : { storageClassName: blockClass }),
          },
        },
      ],
    },
  });
  await cluster.create(DEPLOYMENT, {
    metadata: { name: 'web', namespace },
    spec: { ...common('web'), strategy: { type: 'Recreate' }, template: template('web', PROJECTS) },
  });
}

function podOver(claimName: string, command: string[], image: string): V1PodSpec {
  return {
    terminationGracePeriodSeconds: 10,
    containers: [{ name: 'main', image, command, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  };
}

/** Where the pod runs that has the part mounted: many volumes can be mounted on one node only. */
async function nodeOf(cluster: Cluster, namespace: string, part: string): Promise<string | undefined> {
  const pods = await cluster.list(POD, { namespace });
  const has = pods.find(({ spec }) => spec?.volumes?.some((one) => one.persistentVolumeClaim?.claimName === part));
  return has?.spec?.nodeName;
}

async function clear({ cluster, namespace }: GroundWish): Promise<void> {
  const ours = async () => (await cluster.list(VOLUME)).filter(({ spec }) => spec?.claimRef?.namespace === namespace);
  await takeRights(cluster, namespace);
  // What a restore displaced is kept by its volume alone: it goes with the rest here.
  for (const { metadata } of await ours())
    await cluster.patch(VOLUME, metadata?.name ?? '', undefined, { spec: { persistentVolumeReclaimPolicy: 'Delete' } });
  await cluster.remove(NAMESPACE, namespace);
  for (const end = Date.now() + WITHIN_MS; ; await pause(1_000)) {
    const left = [(await cluster.read(NAMESPACE, namespace)) ? [`namespace ${namespace}`] : [], await ours()].flat();
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`${namespace} is not gone: ${left.length} objects are left`);
  }
}
