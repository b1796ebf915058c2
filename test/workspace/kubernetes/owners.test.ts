import { describe, expect, it } from 'vitest';
import { findServices } from '../../../src/workspace/kubernetes/find-services.ts';
import { APPLICATION } from '../../../src/workspace/kubernetes/gitops.ts';
import { AUTOSCALER, DEPLOYMENT, type Kind, SCALED_OBJECT } from '../../../src/workspace/kubernetes/kinds.ts';
import { findOwners } from '../../../src/workspace/kubernetes/owners.ts';
import { createScene, ownedBy, type Scene } from './scene.ts';

const KUSTOMIZATION: Kind = {
  ...{
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    plural: 'kustomizations',
    namespaced: true,
  },
};
const FLUX_LABELS = {
  'kustomize.toolkit.fluxcd.io/name': 'ws1',
  'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
};

async function ownersOf(scene: Scene) {
  return findOwners(scene.context, await findServices(scene.context));
}

async function withWeb(metadata: object = {}): Promise<Scene> {
  const scene = await createScene();
  scene.template(DEPLOYMENT, 'web', { metadata });
  return scene;
}

async function withApplication(syncPolicy: object | undefined, resource = 'web'): Promise<Scene> {
  const scene = await withWeb();
  const resources = [{ kind: 'Deployment', namespace: 'ws1', name: resource }];
  scene.put(APPLICATION, 'ws1-app', { spec: { syncPolicy }, status: { resources } }, 'argocd');
  return scene;
}

describe('owners of services', () => {
  it('are none where nobody scales them', async () => {
    expect(await ownersOf(await withWeb())).toEqual([]);
  });

  it('are autoscalers, which stand still by themselves unless they may scale to none', async () => {
    const scene = await withWeb();
    const scaleTargetRef = { kind: 'Deployment', name: 'web' };
    scene.put(AUTOSCALER, 'one', { spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3 } });
    scene.put(AUTOSCALER, 'zero', { spec: { scaleTargetRef, minReplicas: 0, maxReplicas: 3 } });
    scene.put(AUTOSCALER, 'other', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'model' } } });
    const owners = (await ownersOf(scene)).map(({ what, canSuspend, object }) => [what, canSuspend, object]);
    expect(owners).toEqual([
      ['the autoscaler one', true, undefined],
      ['the autoscaler zero', false, undefined],
    ]);
  });

  it('are ScaledObjects, to be held still, and not the autoscalers that those make', async () => {
    const scene = await withWeb();
    const scaleTargetRef = { kind: 'Deployment', name: 'web' };
    scene.put(SCALED_OBJECT, 'web', { spec: { scaleTargetRef: { name: 'web' } } });
    scene.put(AUTOSCALER, 'keda-hpa-web', { metadata: ownedBy('ScaledObject', 'web'), spec: { scaleTargetRef } });
    expect(await ownersOf(scene)).toMatchObject([
      { service: 'web', canSuspend: true, object: { kind: 'ScaledObject', namespace: 'ws1', name: 'web' } },
    ]);
  });

  it('are not ScaledObjects that are paused', async () => {
    const scene = await withWeb();
    const metadata = { annotations: { 'autoscaling.keda.sh/paused': 'true' } };
    scene.put(SCALED_OBJECT, 'web', { metadata, spec: { scaleTargetRef: { name: 'web' } } });
    expect(await ownersOf(scene)).toEqual([]);
  });

  it('are Applications of Argo CD that name them and sync by themselves', async () => {
    expect(await ownersOf(await withApplication({ automated: {} }))).toMatchObject([
      { service: 'web', canSuspend: true, object: { kind: 'Application', namespace: 'argocd', name: 'ws1-app' } },
    ]);
    expect(await ownersOf(await withApplication(undefined))).toEqual([]);
    expect(await ownersOf(await withApplication({ automated: {} }, 'other'))).toEqual([]);
  });

  it('cannot be suspended when they are an Argo CD of another cluster, unless a label says they agree', async () => {
    const annotations = { 'argocd.argoproj.io/tracking-id': 'hub-ws1:apps/Deployment:ws1/web' };
    expect(await ownersOf(await withWeb({ annotations }))).toMatchObject([
      { what: 'Argo CD (hub-ws1)', canSuspend: false },
    ]);
    const labels = { 'cml-backup/owner-agrees': 'true' };
    expect(await ownersOf(await withWeb({ annotations, labels }))).toEqual([]);
  });

  it('are Kustomizations of Flux, unless they are suspended already', async () => {
    const scene = await withWeb({ labels: FLUX_LABELS });
    scene.put(KUSTOMIZATION, 'ws1', { spec: {} }, 'flux-system');
    expect(await ownersOf(scene)).toMatchObject([{ canSuspend: true, object: { kind: 'Kustomization', name: 'ws1' } }]);
    scene.store.edit(KUSTOMIZATION, 'ws1', 'flux-system', (object) => {
      object.spec.suspend = true;
    });
    expect(await ownersOf(scene)).toEqual([]);
  });

  it('cannot be suspended when they are a Flux that is not seen, an operator, or OLM', async () => {
    const unseen = [
      await withWeb({ labels: FLUX_LABELS }),
      await withWeb(ownedBy('MLWorkspace', 'ws1')),
      await withWeb({ labels: { 'olm.owner': 'ml.v1' } }),
    ];
    for (const scene of unseen) expect(await ownersOf(scene)).toMatchObject([{ service: 'web', canSuspend: false }]);
  });

  it('cannot be suspended when we may not patch them', async () => {
    const scene = await withApplication({ automated: {} });
    scene.forbid({ verb: 'patch', resource: 'applications' });
    const [owner] = await ownersOf(scene);
    expect(owner).toMatchObject({ canSuspend: false, how: 'we may not patch applications in argocd' });
    expect(owner?.object).toBeUndefined();
  });
});
