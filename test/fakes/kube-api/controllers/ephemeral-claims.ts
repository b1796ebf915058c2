import { CLAIM, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import { fillIn } from '../defaults.ts';
import type { Stored } from '../store.ts';
import { ownerReferenceTo } from './owned-pods.ts';
import { isActive } from './pod-status.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

/** Makes the claims that live and die with one pod. */
export function startEphemeralClaims(world: World): () => void {
  return startController(world, {
    kinds: [POD],
    keysOf: ({ object }) => [keyOf(object)],
    look(key) {
      const { namespace, name } = splitKey(key);
      const pod = world.store.get(POD, name, namespace);
      if (!pod || !isActive(pod)) return;
      for (const volume of pod.spec.volumes ?? []) if (volume.ephemeral) ensureClaim(world, pod, volume);
    },
  });
}

function ensureClaim(world: World, pod: Stored, { name, ephemeral }: Stored): void {
  const { namespace } = pod.metadata;
  const claimName = `${pod.metadata.name}-${name}`;
  if (world.store.get(CLAIM, claimName, namespace)) return;
  const { metadata, spec } = ephemeral.volumeClaimTemplate;
  const claim = {
    ...{ apiVersion: CLAIM.apiVersion, kind: CLAIM.kind },
    metadata: { ...metadata, name: claimName, namespace, ownerReferences: [ownerReferenceTo(pod)] },
    spec: structuredClone(spec),
  } as Stored;
  fillIn(claim);
  world.store.create(CLAIM, claim);
}
