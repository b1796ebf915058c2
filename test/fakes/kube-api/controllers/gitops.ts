import { DEPLOYMENT, type Kind, STATEFUL_SET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const custom = (apiVersion: string, kind: string, plural: string): Kind => ({
  ...{ apiVersion, kind, plural },
  namespaced: true,
});
export const ARGO_APPLICATION = custom('argoproj.io/v1alpha1', 'Application', 'applications');
export const FLUX_KUSTOMIZATION = custom('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'kustomizations');
const SCALED = [DEPLOYMENT, STATEFUL_SET];
const FLUX = 'kustomize.toolkit.fluxcd.io';

/**
 * Argo CD and Flux, as far as replicas go: what "git" says is what an object had when it was first seen, and it is put back
 * whenever it differs, unless the Application does not heal by itself or the Kustomization is suspended.
 */
export function startGitOps(world: World): () => void {
  const inGit = new Map<string, number>();
  return startController(world, {
    kinds: [...SCALED, ARGO_APPLICATION, FLUX_KUSTOMIZATION],
    keysOf({ kind, object }) {
      if (!SCALED.some((one) => one.kind === kind.kind))
        return SCALED.flatMap((one) => world.store.list(one).map((scaled) => `${keyOf(scaled)}/${one.kind}`));
      const key = `${keyOf(object)}/${kind.kind}`;
      inGit.set(key, inGit.get(key) ?? object.spec.replicas ?? 1);
      return [key];
    },
    look(key) {
      const { namespace, name } = splitKey(key);
      const kind = SCALED.find((one) => key.endsWith(`/${one.kind}`)) ?? DEPLOYMENT;
      const object = world.store.get(kind, name, namespace);
      const wanted = inGit.get(key);
      if (!object || wanted === undefined || !isManaged(world, kind, object)) return;
      world.store.edit(kind, name, namespace, (standing) => {
        standing.spec.replicas = wanted;
      });
    },
    delay: () => world.delays.reconcile,
  });
}

function isManaged(world: World, { kind }: Kind, { metadata }: Stored): boolean {
  const isListed = (one: Stored) =>
    one.kind === kind && one.name === metadata.name && one.namespace === metadata.namespace;
  const heals = world.store
    .list(ARGO_APPLICATION)
    .some(({ spec, status }) => spec?.syncPolicy?.automated?.selfHeal && status?.resources?.some(isListed));
  const { [`${FLUX}/name`]: name, [`${FLUX}/namespace`]: namespace } = metadata.labels ?? {};
  const kustomization = name === undefined ? undefined : world.store.get(FLUX_KUSTOMIZATION, name, namespace);
  return heals || (kustomization !== undefined && !kustomization.spec?.suspend);
}
