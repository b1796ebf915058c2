import type { KubernetesObject } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import type { FoundService } from './found.ts';
import type { Kind } from './kinds.ts';
import type { OwnerObject, ServiceOwner } from './service-owner.ts';
import { unlessForbidden } from './unless-forbidden.ts';

/** The parts that we use. Source: argo-cd manifests/crds/application-crd.yaml. */
interface Application extends KubernetesObject {
  spec?: { syncPolicy?: { automated?: object } };
  status?: { resources?: { kind?: string; namespace?: string; name?: string }[] };
}

interface Suspendable extends KubernetesObject {
  spec?: { suspend?: boolean };
}

export const APPLICATION: Kind<Application> = {
  ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', plural: 'applications' },
  namespaced: true,
};

/** Flux puts name and namespace of the owner on everything it applies. Source: fluxcd.io, labels of both controllers. */
const FLUX: readonly { readonly label: string; readonly kind: Kind<Suspendable> }[] = [
  {
    label: 'kustomize.toolkit.fluxcd.io',
    kind: {
      ...{ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', plural: 'kustomizations' },
      namespaced: true,
    },
  },
  {
    label: 'helm.toolkit.fluxcd.io',
    kind: {
      ...{ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', plural: 'helmreleases' },
      namespaced: true,
    },
  },
];

const ARGO_TRACKING = 'argocd.argoproj.io/tracking-id';
const ARGO_INSTANCE = 'argocd.argoproj.io/instance';

/**
 * Argo CD says in each Application what it manages; a tracking id without one is managed from another cluster. Only one
 * that syncs by itself would scale services back.
 */
export async function findArgoOwners(cluster: Cluster, services: readonly FoundService[]): Promise<ServiceOwner[]> {
  const isServed = await cluster.serves(APPLICATION);
  const applications = isServed ? ((await unlessForbidden(cluster.list(APPLICATION))) ?? []) : [];
  return services.flatMap((service) => {
    const { name: object, namespace, annotations, labels } = service.object.metadata ?? {};
    const manages = ({ status }: Application) =>
      status?.resources?.some((one) => one.kind === service.kind && one.namespace === namespace && one.name === object);
    const application = applications.find(manages);
    if (application) return argoOwner(service.name, application);
    const tracking = annotations?.[ARGO_TRACKING]?.split(':')[0] ?? labels?.[ARGO_INSTANCE];
    if (tracking === undefined) return [];
    const how = 'its Application cannot be seen from here: turn its automatic sync off, and label the service';
    return [{ service: service.name, what: `Argo CD (${tracking})`, canSuspend: false, how }];
  });
}

function argoOwner(service: string, { metadata, spec }: Application): ServiceOwner[] {
  if (!spec?.syncPolicy?.automated) return [];
  const object = objectOf(APPLICATION, metadata);
  const how = 'its automatic sync is turned off while services are down';
  return [{ service, what: `Argo CD (${metadata?.name})`, canSuspend: true, how, object }];
}

export async function findFluxOwners(cluster: Cluster, services: readonly FoundService[]): Promise<ServiceOwner[]> {
  const found = services.flatMap((service) =>
    FLUX.flatMap(({ label, kind }) => {
      const name = service.object.metadata?.labels?.[`${label}/name`];
      const namespace = service.object.metadata?.labels?.[`${label}/namespace`];
      return name === undefined || namespace === undefined ? [] : [{ service: service.name, kind, name, namespace }];
    }),
  );
  const owners = await Promise.all(found.map((one) => fluxOwner(cluster, one)));
  return owners.flat();
}

async function fluxOwner(
  cluster: Cluster,
  { service, kind, name, namespace }: { service: string; kind: Kind<Suspendable>; name: string; namespace: string },
): Promise<ServiceOwner[]> {
  const what = `Flux (${kind.kind} ${namespace}/${name})`;
  const owner = (await cluster.serves(kind)) ? await unlessForbidden(cluster.read(kind, name, namespace)) : undefined;
  if (!owner)
    return [
      { service, what, canSuspend: false, how: 'it cannot be seen from here: suspend it, and label the service' },
    ];
  if (owner.spec?.suspend) return [];
  return [
    {
      service,
      what,
      canSuspend: true,
      how: 'it is suspended while services are down',
      object: objectOf(kind, owner.metadata),
    },
  ];
}

export function objectOf({ apiVersion, kind, plural }: Kind, metadata: KubernetesObject['metadata']): OwnerObject {
  return { apiVersion, kind, plural, namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}
