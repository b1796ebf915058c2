import { CLAIM, POD, STATEFUL_SET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { counts, createPod, deletePod, hashOf, ownedBy, ownerKey } from './owned-pods.ts';
import { isOver, isReady } from './pod-status.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** Pods with ordinals; claims from templates, made empty whenever one is missing, kept or deleted as the policy says. */
export function startStatefulSetController(world: World): () => void {
  return startController(world, {
    kinds: [STATEFUL_SET, POD],
    keysOf: ({ kind, object }) => (kind.kind === 'StatefulSet' ? [keyOf(object)] : ownerKey(object, 'StatefulSet')),
    look(key) {
      const { namespace, name } = splitKey(key);
      const set = world.store.get(STATEFUL_SET, name, namespace);
      if (!set || set.metadata.deletionTimestamp) return;
      const pods = ownedBy(world, set).sort((one, other) => ordinalOf(one) - ordinalOf(other));
      try {
        act(world, set, pods);
      } finally {
        world.store.edit(STATEFUL_SET, name, namespace, (standing) => writeStatus(standing, pods));
      }
    },
  });
}

const ordinalOf = ({ metadata }: Stored) => Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1));
const isTerminating = ({ metadata }: Stored) => metadata.deletionTimestamp !== undefined;

/** One pod after the other unless the set says Parallel: up when the earlier ones are ready, down when the later are gone. */
function act(world: World, set: Stored, pods: readonly Stored[]): void {
  const replicas: number = set.spec.replicas ?? 1;
  const isParallel = set.spec.podManagementPolicy === 'Parallel';
  const revision = `${set.metadata.name}-${hashOf(set.spec.template)}`;
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = pods.find((one) => ordinalOf(one) === ordinal);
    if (!pod) create(world, set, ordinal, revision);
    else if (isOver(pod) || isOutdated(set, pod, revision)) deletePod(world, pod);
    if (!isParallel && !(pod && isReady(pod) && !isTerminating(pod))) return;
  }
  for (const pod of [...pods].reverse().filter((one) => ordinalOf(one) >= replicas)) {
    condemnClaims(world, set, pod);
    deletePod(world, pod);
    if (!isParallel) return;
  }
}

function isOutdated(set: Stored, pod: Stored, revision: string): boolean {
  const isRolled = set.spec.updateStrategy?.type !== 'OnDelete';
  return isRolled && pod.metadata.labels?.['controller-revision-hash'] !== revision;
}

function create(world: World, set: Stored, ordinal: number, revision: string): void {
  const name = `${set.metadata.name}-${ordinal}`;
  const templates: Stored[] = set.spec.volumeClaimTemplates ?? [];
  for (const template of templates) ensureClaim(world, set, template, `${template.metadata.name}-${name}`);
  createPod(world, set, {
    name,
    labels: {
      'apps.kubernetes.io/pod-index': String(ordinal),
      'controller-revision-hash': revision,
      'statefulset.kubernetes.io/pod-name': name,
    },
    spec: {
      hostname: name,
      volumes: [
        ...templates.map(({ metadata }) => ({
          name: metadata.name,
          persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
        })),
        ...(set.spec.template.spec.volumes ?? []),
      ],
    },
  });
}

function ensureClaim(world: World, set: Stored, template: Stored, name: string): void {
  const { namespace } = set.metadata;
  const standing = world.store.get(CLAIM, name, namespace);
  const owner = standing?.metadata.ownerReferences?.find(({ kind }) => kind === 'Pod');
  if (owner)
    world.store.edit(CLAIM, name, namespace, (claim) => {
      claim.metadata.ownerReferences = claim.metadata.ownerReferences?.filter(({ kind }) => kind !== 'Pod') ?? [];
    });
  if (standing) return;
  const { matchLabels = {} } = set.spec.selector ?? {};
  world.store.create(CLAIM, {
    metadata: {
      ...{ name, namespace: namespace as string },
      labels: { ...template.metadata.labels, ...matchLabels },
      ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
      finalizers: ['kubernetes.io/pvc-protection'],
    },
    spec: { volumeMode: 'Filesystem', ...template.spec },
    status: { phase: 'Pending' },
  } as Stored);
}

/** With `whenScaled: Delete` the claims go with the pod: it becomes their owner (seen: scaling to zero deletes the data). */
function condemnClaims(world: World, set: Stored, pod: Stored): void {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return;
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = `${template.metadata.name}-${pod.metadata.name}`;
    world.store.edit(CLAIM, name, set.metadata.namespace, ({ metadata }) => {
      const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
      if (!metadata.ownerReferences?.some(({ uid }) => uid === owner.uid))
        metadata.ownerReferences = [...(metadata.ownerReferences ?? []), owner];
    });
  }
}

function writeStatus(standing: Stored, pods: readonly Stored[]): void {
  const revision = `${standing.metadata.name}-${hashOf(standing.spec.template)}`;
  const ready = pods.filter((pod) => isReady(pod)).length;
  const staying = pods.filter((pod) => !isTerminating(pod)).length;
  standing.status = {
    observedGeneration: standing.metadata.generation,
    replicas: pods.length,
    ...counts({ readyReplicas: ready, currentReplicas: staying, updatedReplicas: staying }),
    ...{ currentRevision: revision, updateRevision: revision, collisionCount: 0 },
    availableReplicas: ready,
  };
}
