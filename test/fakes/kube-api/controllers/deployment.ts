import { DEPLOYMENT, POD, REPLICA_SET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { counts, createPod, deletePod, hashOf, ownedBy, ownerKey, ownerReferenceTo } from './owned-pods.ts';
import { isActive, isReady, stamp } from './pod-status.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const HASH = 'pod-template-hash';
const ABOUT = 'deployment.kubernetes.io';

/** Deployments by way of a ReplicaSet for each template. A new template takes over at once, without rolling. */
export function startDeploymentController(world: World): () => void {
  const stopDeployments = startController(world, {
    kinds: [DEPLOYMENT, REPLICA_SET],
    keysOf: ({ kind, object }) => (kind.kind === 'Deployment' ? [keyOf(object)] : ownerKey(object, 'Deployment')),
    look: (key) => lookAtDeployment(world, key),
  });
  const stopReplicaSets = startController(world, {
    kinds: [REPLICA_SET, POD],
    keysOf: ({ kind, object }) => (kind.kind === 'ReplicaSet' ? [keyOf(object)] : ownerKey(object, 'ReplicaSet')),
    look: (key) => lookAtReplicaSet(world, key),
  });
  return () => {
    stopDeployments();
    stopReplicaSets();
  };
}

function lookAtDeployment(world: World, key: string): void {
  const { namespace, name } = splitKey(key);
  const deployment = world.store.get(DEPLOYMENT, name, namespace);
  if (!deployment || deployment.metadata.deletionTimestamp) return;
  const sets = ownedBy(world, deployment, REPLICA_SET);
  const wanted: number = deployment.spec.replicas ?? 1;
  const hash = hashOf(deployment.spec.template);
  const current = sets.find(({ metadata }) => metadata.labels?.[HASH] === hash);
  if (!current) createReplicaSet(world, deployment, hash, wanted);
  for (const set of sets) scale(world, set, set === current ? wanted : 0);
  world.store.edit(DEPLOYMENT, name, namespace, (standing) => {
    standing.metadata.annotations = { ...standing.metadata.annotations, [`${ABOUT}/revision`]: '1' };
    writeDeploymentStatus(standing, sets, current, world.now());
  });
}

function createReplicaSet(world: World, deployment: Stored, hash: string, replicas: number): void {
  const { name, namespace } = deployment.metadata;
  const template = structuredClone(deployment.spec.template);
  const labels = { ...template.metadata?.labels, [HASH]: hash };
  world.store.create(REPLICA_SET, {
    metadata: {
      ...{ name: `${name}-${hash}`, namespace: namespace as string, labels },
      annotations: scaleNotes(replicas),
      ownerReferences: [ownerReferenceTo(deployment)],
    },
    spec: {
      replicas,
      selector: { matchLabels: { ...deployment.spec.selector?.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  } as Stored);
}

function scaleNotes(replicas: number): Record<string, string> {
  const most = String(replicas === 0 ? 0 : replicas + Math.ceil(replicas / 4));
  return {
    [`${ABOUT}/desired-replicas`]: String(replicas),
    [`${ABOUT}/max-replicas`]: most,
    [`${ABOUT}/revision`]: '1',
  };
}

function scale(world: World, { metadata }: Stored, replicas: number): void {
  world.store.edit(REPLICA_SET, metadata.name, metadata.namespace, (standing) => {
    standing.spec.replicas = replicas;
    standing.metadata.annotations = { ...standing.metadata.annotations, ...scaleNotes(replicas) };
  });
}

function writeDeploymentStatus(
  standing: Stored,
  sets: readonly Stored[],
  current: Stored | undefined,
  now: Date,
): void {
  const sum = (number: (set: Stored) => number | undefined) => sets.reduce((all, set) => all + (number(set) ?? 0), 0);
  const wanted: number = standing.spec.replicas ?? 1;
  const available = sum(({ status }) => status?.availableReplicas);
  const expected = sum(({ spec }) => spec.replicas);
  const isAvailable = available >= wanted - Math.floor(wanted / 4);
  const isComplete = available === wanted && current !== undefined;
  standing.status = {
    observedGeneration: standing.metadata.generation,
    ...counts({
      replicas: sum(({ status }) => status?.replicas),
      updatedReplicas: current?.status?.replicas ?? 0,
      readyReplicas: sum(({ status }) => status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, expected - available),
    }),
    conditions: [
      progressing(standing, current, isComplete, now),
      condition(standing, now, {
        type: 'Available',
        status: isAvailable ? 'True' : 'False',
        reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: `Deployment ${isAvailable ? 'has' : 'does not have'} minimum availability.`,
      }),
    ],
  };
}

type Told = { type: string; status: string; reason: string; message: string };

/** Once a set has progressed it stays so, whatever it is scaled to (traces 01 and 10). */
function progressing(standing: Stored, current: Stored | undefined, isComplete: boolean, now: Date): object {
  const name = current?.metadata.name ?? `${standing.metadata.name}-${hashOf(standing.spec.template)}`;
  const done = `ReplicaSet "${name}" has successfully progressed.`;
  const before = standing.status?.conditions?.find(({ type }: Told) => type === 'Progressing');
  const isDone = isComplete || before?.message === done;
  return condition(standing, now, {
    ...{ type: 'Progressing', status: 'True' },
    reason: isDone ? 'NewReplicaSetAvailable' : 'NewReplicaSetCreated',
    message: isDone ? done : `Created new replica set "${name}"`,
  });
}

function condition(standing: Stored, now: Date, { type, status, reason, message }: Told): object {
  const before = standing.status?.conditions?.find((one: Told) => one.type === type);
  const at = stamp(now);
  const lastUpdateTime = before?.reason === reason ? before.lastUpdateTime : at;
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : at;
  return { type, status, lastUpdateTime, lastTransitionTime, reason, message };
}

/** What is counted is what was there before it acted: status trails. */
function lookAtReplicaSet(world: World, key: string): void {
  const { namespace, name } = splitKey(key);
  const set = world.store.get(REPLICA_SET, name, namespace);
  if (!set || set.metadata.deletionTimestamp) return;
  const active = ownedBy(world, set).filter(isActive);
  const surplus = active.length - (set.spec.replicas ?? 1);
  const firstToGo = [...active].sort((one, other) => Number(isReady(one)) - Number(isReady(other)));
  for (const pod of firstToGo.slice(0, Math.max(0, surplus))) deletePod(world, pod);
  try {
    for (let missing = -surplus; missing > 0; missing -= 1) createPod(world, set, {});
  } finally {
    const ready = active.filter(isReady).length;
    world.store.edit(REPLICA_SET, name, namespace, (standing) => {
      standing.status = {
        replicas: active.length,
        ...counts({ fullyLabeledReplicas: active.length, readyReplicas: ready, availableReplicas: ready }),
        observedGeneration: standing.metadata.generation,
      };
    });
  }
}
