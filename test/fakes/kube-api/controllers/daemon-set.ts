import { DAEMON_SET, NODE, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { counts, createPod, deletePod, hashOf, ownedBy, ownerKey } from './owned-pods.ts';
import { isOver, isReady } from './pod-status.ts';
import { fits } from './scheduler.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** One pod on every node that its template allows. */
export function startDaemonSetController(world: World): () => void {
  return startController(world, {
    kinds: [DAEMON_SET, POD, NODE],
    keysOf({ kind, object }) {
      if (kind.kind === 'Node') return world.store.list(DAEMON_SET).map(keyOf);
      return kind.kind === 'DaemonSet' ? [keyOf(object)] : ownerKey(object, 'DaemonSet');
    },
    look(key) {
      const { namespace, name } = splitKey(key);
      const set = world.store.get(DAEMON_SET, name, namespace);
      if (!set || set.metadata.deletionTimestamp) return;
      const pods = ownedBy(world, set);
      const nodes = world.store.list(NODE).filter((node) => fits({ ...set.spec.template, spec: bound(set, '') }, node));
      try {
        act(world, set, pods, nodes);
      } finally {
        world.store.edit(DAEMON_SET, name, namespace, (standing) => writeStatus(standing, pods, nodes.length));
      }
    },
  });
}

const nodeOf = ({ spec }: Stored): string | undefined =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.[0]?.matchFields?.[0]
    ?.values?.[0];

/** The template's spec, tied to one node and at home on nodes that are being emptied. */
function bound(set: Stored, node: string): Stored['spec'] {
  const { spec } = set.spec.template;
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
  const tolerations = [
    ...(spec.tolerations ?? []),
    { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
  ];
  return { ...spec, tolerations, ...(node === '' ? {} : { affinity }) };
}

function act(world: World, set: Stored, pods: readonly Stored[], nodes: readonly Stored[]): void {
  const revision = hashOf(set.spec.template);
  const names = nodes.map(({ metadata }) => metadata.name);
  for (const pod of pods) {
    const isOld = pod.metadata.labels?.['controller-revision-hash'] !== revision;
    if (isOver(pod) || isOld || !names.includes(nodeOf(pod) ?? '')) deletePod(world, pod);
  }
  for (const node of names.filter((one) => !pods.some((pod) => nodeOf(pod) === one)))
    createPod(world, set, { labels: { 'controller-revision-hash': revision }, spec: bound(set, node) });
}

function writeStatus(standing: Stored, pods: readonly Stored[], desired: number): void {
  const ready = pods.filter(isReady).length;
  standing.status = {
    ...{ currentNumberScheduled: pods.length, desiredNumberScheduled: desired, numberMisscheduled: 0 },
    ...counts({ numberAvailable: ready, numberUnavailable: desired - ready, updatedNumberScheduled: pods.length }),
    ...{ numberReady: ready, observedGeneration: standing.metadata.generation },
  };
}
