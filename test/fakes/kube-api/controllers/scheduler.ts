import { CLAIM, NODE, POD, STORAGE_CLASS } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { claimNamesOf } from './claims.ts';
import { isOver, writeScheduled } from './pod-status.ts';
import { volumeOf } from './pod-volumes.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const SELECTED = 'volume.kubernetes.io/selected-node';
type Term = NonNullable<Stored['spec']>;

/** Gives pods a node once their claims are bound; tells claims that wait for their first consumer which node it will be. */
export function startScheduler(world: World): () => void {
  const waiting = new Set<string>();
  const homes = new Map<string, Home>();
  return startController(world, {
    kinds: [POD, CLAIM, NODE],
    keysOf({ type, kind, object }) {
      if (kind.kind === 'Node') return [...waiting];
      if (kind.kind === 'Pod') {
        const isGone = type === 'DELETED' || isOver(object);
        const left = isGone ? homes.get(object.metadata.uid) : undefined;
        if (isGone) homes.delete(object.metadata.uid);
        else if (object.spec.nodeName)
          homes.set(object.metadata.uid, { node: object.spec.nodeName, cpu: cpuOf(object) });
        if (needsNode(object)) return [keyOf(object)];
        // Room for whoever waits.
        return left !== undefined && left.cpu > 0 ? [...waiting] : [];
      }
      return [...waiting].filter((key) => splitKey(key).namespace === object.metadata.namespace);
    },
    look(key) {
      const { namespace, name } = splitKey(key);
      const pod = world.store.get(POD, name, namespace);
      const needs = pod !== undefined && needsNode(pod);
      if (needs) waiting.add(key);
      else waiting.delete(key);
      if (needs) place(world, pod, homes);
    },
  });
}

interface Home {
  readonly node: string;
  /** Thousandths of a processor that its containers request. */
  readonly cpu: number;
}

const needsNode = (pod: Stored) => !pod.spec.nodeName && !isOver(pod) && !pod.metadata.deletionTimestamp;

function place(world: World, pod: Stored, homes: Map<string, Home>): void {
  const { name, namespace } = pod.metadata;
  const refuse = (message: string) =>
    world.store.edit(POD, name, namespace, (standing) => writeScheduled(standing, undefined, world.now(), message));
  const unbound: Stored[] = [];
  for (const claimName of claimNamesOf(pod)) {
    const claim = world.store.get(CLAIM, claimName, namespace);
    if (!claim) return void refuse(`persistentvolumeclaim "${claimName}" not found`);
    if (claim.metadata.deletionTimestamp) return void refuse(`persistentvolumeclaim "${claimName}" is being deleted`);
    if (claim.status?.phase !== 'Bound') unbound.push(claim);
  }
  if (unbound.some((claim) => !waitsForConsumer(world, claim)))
    return void refuse('pod has unbound immediate PersistentVolumeClaims');
  const node = chooseNode(world, pod, [...homes.values()]);
  if (node === undefined) return void refuse('0 nodes are available: none matches, or none has room');
  if (unbound.length === 0) {
    homes.set(pod.metadata.uid, { node, cpu: cpuOf(pod) });
    return void world.store.edit(POD, name, namespace, (standing) => writeScheduled(standing, node, world.now()));
  }
  for (const claim of unbound)
    world.store.edit(CLAIM, claim.metadata.name, namespace, (standing) => {
      standing.metadata.annotations = { [SELECTED]: node, ...standing.metadata.annotations };
    });
}

function waitsForConsumer(world: World, claim: Stored): boolean {
  const name = claim.spec.storageClassName;
  const chosen = name && world.store.get(STORAGE_CLASS, name);
  return chosen !== undefined && chosen !== '' && chosen.volumeBindingMode === 'WaitForFirstConsumer';
}

/** The fitting node with the fewest pods: two pods of one claim come together only when somebody asks for it. */
function chooseNode(world: World, pod: Stored, homes: readonly Home[]): string | undefined {
  const { namespace } = pod.metadata;
  const volumes = claimNamesOf(pod).flatMap((name) => volumeOf(world, namespace, name) ?? []);
  const selected = claimNamesOf(pod).flatMap(
    (name) => world.store.get(CLAIM, name, namespace)?.metadata.annotations?.[SELECTED] ?? [],
  );
  const fitting = world.store
    .list(NODE)
    .filter((node) => fits(pod, node))
    .filter(({ metadata, status }) => {
      const taken = homes.filter(({ node }) => node === metadata.name).reduce((sum, { cpu }) => sum + cpu, 0);
      return taken + cpuOf(pod) <= thousandths(status?.allocatable?.cpu ?? 'none');
    })
    .filter((node) => volumes.every(({ spec }) => matchesAny(spec.nodeAffinity?.required?.nodeSelectorTerms, node)))
    .map(({ metadata }) => metadata.name)
    .filter((name) => volumes.length > 0 || selected.every((one) => one === name));
  const countOn = (name: string) => homes.filter(({ node }) => node === name).length;
  return fitting.map((name) => ({ name, count: countOn(name) })).sort((a, b) => a.count - b.count)[0]?.name;
}

function cpuOf({ spec }: Stored): number {
  return (spec.containers as Term[]).reduce(
    (sum, { resources }) => sum + thousandths(resources?.requests?.cpu ?? 0),
    0,
  );
}

/** Of a processor: `250m` or `8`. A node that does not say what it has, has enough. */
function thousandths(quantity: string | number): number {
  const [, number, milli] = /^([0-9.]+)(m?)$/.exec(String(quantity)) ?? [];
  return number === undefined ? Infinity : Number(number) * (milli ? 1 : 1_000);
}

/** Whether a pod may run on a node, its volumes left aside. */
export function fits(pod: Stored, node: Stored): boolean {
  const { nodeSelector = {}, affinity, tolerations = [] } = pod.spec;
  const isRefused = (taint: Term) =>
    taint.effect !== 'PreferNoSchedule' &&
    !tolerations.some(
      ({ key, operator = 'Equal', value, effect }: Term) =>
        (key === undefined || key === taint.key) &&
        (effect === undefined || effect === '' || effect === taint.effect) &&
        (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
    );
  if (node.spec?.unschedulable || (node.spec?.taints ?? []).some(isRefused)) return false;
  const labels = node.metadata.labels ?? {};
  if (Object.entries(nodeSelector).some(([key, value]) => labels[key] !== value)) return false;
  return matchesAny(affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, node);
}

function matchesAny(terms: readonly Term[] | undefined, node: Stored): boolean {
  const labels: Record<string, string> = node.metadata.labels ?? {};
  const holds = ({ key, operator, values = [] }: Term, of: Record<string, string>): boolean => {
    const value = of[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return (operator === 'Exists') === (value !== undefined);
  };
  if (terms === undefined) return true;
  return terms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.every((one: Term) => holds(one, labels)) &&
      matchFields.every((one: Term) => holds(one, { 'metadata.name': node.metadata.name })),
  );
}
