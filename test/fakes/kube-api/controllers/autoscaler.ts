import { AUTOSCALER, DEPLOYMENT, SCALED_OBJECT, STATEFUL_SET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const SCALED = [DEPLOYMENT, STATEFUL_SET];
const KEDA = 'autoscaling.keda.sh';

/**
 * HorizontalPodAutoscalers keep what they scale within their bounds but leave alone what stands at 0. KEDA also wakes what
 * stands at 0, unless its ScaledObject is paused.
 */
export function startAutoscaler(world: World): () => void {
  const kinds = [AUTOSCALER, SCALED_OBJECT];
  return startController(world, {
    kinds: [...kinds, ...SCALED],
    keysOf({ kind, object }) {
      if (kinds.some((one) => one.kind === kind.kind)) return [`${keyOf(object)}/${kind.kind}`];
      return kinds.flatMap((one) =>
        world.store
          .list(one, object.metadata.namespace)
          .filter(({ spec }) => spec.scaleTargetRef?.name === object.metadata.name)
          .map((scaler) => `${keyOf(scaler)}/${one.kind}`),
      );
    },
    look(key) {
      const { namespace, name } = splitKey(key);
      const isKeda = key.endsWith(`/${SCALED_OBJECT.kind}`);
      const scaler = world.store.get(isKeda ? SCALED_OBJECT : AUTOSCALER, name, namespace);
      if (!scaler) return;
      const kind = SCALED.find((one) => one.kind === (scaler.spec.scaleTargetRef.kind ?? 'Deployment'));
      const target = kind && world.store.get(kind, scaler.spec.scaleTargetRef.name, namespace);
      if (!target || !kind) return;
      const wanted = isKeda ? wantedByKeda(scaler, target) : wantedByAutoscaler(scaler, target);
      world.store.edit(kind, target.metadata.name, namespace, (standing) => {
        if (standing.spec.replicas !== wanted) standing.spec.replicas = wanted;
      });
      if (!isKeda) writeStatus(world, scaler, wanted);
    },
    delay: () => world.delays.reconcile,
  });
}

const within = (number: number, least: number, most: number) => Math.min(most, Math.max(least, number));

function wantedByAutoscaler({ spec }: Stored, target: Stored): number {
  const present: number = target.spec.replicas ?? 1;
  return present === 0 ? 0 : within(present, spec.minReplicas ?? 1, spec.maxReplicas);
}

function wantedByKeda({ metadata, spec }: Stored, target: Stored): number {
  const present: number = target.spec.replicas ?? 1;
  const { [`${KEDA}/paused`]: paused, [`${KEDA}/paused-replicas`]: held } = metadata.annotations ?? {};
  if (held !== undefined) return Number(held);
  if (paused === 'true') return present;
  return within(present, Math.max(1, spec.minReplicaCount ?? 0), spec.maxReplicaCount ?? 100);
}

function writeStatus(world: World, { metadata }: Stored, wanted: number): void {
  const condition = {
    type: 'ScalingActive',
    status: wanted === 0 ? 'False' : 'True',
    reason: wanted === 0 ? 'ScalingDisabled' : 'ValidMetricFound',
    message: wanted === 0 ? 'scaling is disabled since the replica count of the target is zero' : 'scaling is active',
  };
  world.store.edit(AUTOSCALER, metadata.name, metadata.namespace, (standing) => {
    standing.status = { currentReplicas: wanted, desiredReplicas: wanted, conditions: [condition] };
  });
}
