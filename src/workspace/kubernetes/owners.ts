import type { KubernetesObject } from '@kubernetes/client-node';
import type { Cluster, Wish } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { findArgoOwners, findFluxOwners, objectOf } from './gitops.ts';
import { AUTOSCALER, SCALED_OBJECT } from './kinds.ts';
import { OWNER_AGREES_LABEL } from './names.ts';
import type { OwnerObject, ServiceOwner } from './service-owner.ts';
import { unlessForbidden } from './unless-forbidden.ts';

interface ScaledObject extends KubernetesObject {
  spec?: { scaleTargetRef?: { kind?: string; name?: string } };
}

/** Source: keda.sh, "Pausing autoscaling". */
const KEDA_PAUSED = 'autoscaling.keda.sh/paused';

/** Autoscalers, GitOps and operators that own services and would not leave them stopped. */
export async function findOwners(context: KubeContext, services: readonly FoundService[]): Promise<ServiceOwner[]> {
  const { cluster, namespace } = context;
  const judged = services.filter(({ object }) => object.metadata?.labels?.[OWNER_AGREES_LABEL] !== 'true');
  const found = await Promise.all([
    findAutoscalers(cluster, namespace, services),
    findScaledObjects(cluster, namespace, services),
    findArgoOwners(cluster, judged),
    findFluxOwners(cluster, judged),
  ]);
  return onlyWhatWeMay(cluster, [...found.flat(), ...judged.flatMap(operatorOf)]);
}

/** One stands still while its target has no replicas, unless it may scale to none itself. Source: its `ScalingDisabled`. */
async function findAutoscalers(
  cluster: Cluster,
  namespace: string,
  services: readonly FoundService[],
): Promise<ServiceOwner[]> {
  const autoscalers = (await unlessForbidden(cluster.list(AUTOSCALER, { namespace }))) ?? [];
  const own = autoscalers.filter(
    ({ metadata }) => !metadata?.ownerReferences?.some(({ kind }) => kind === 'ScaledObject'),
  );
  return own.flatMap((autoscaler) => {
    const { kind, name } = autoscaler.spec?.scaleTargetRef ?? { kind: '', name: '' };
    const service = targetOf(services, kind, name);
    if (!service) return [];
    const what = `the autoscaler ${autoscaler.metadata?.name}`;
    const canSuspend = autoscaler.spec?.minReplicas !== 0;
    const how = canSuspend
      ? 'it stands still while the service is stopped'
      : 'it may scale from none: raise its minReplicas';
    return [{ service: service.name, what, canSuspend, how }];
  });
}

async function findScaledObjects(
  cluster: Cluster,
  namespace: string,
  services: readonly FoundService[],
): Promise<ServiceOwner[]> {
  if (!(await cluster.serves(SCALED_OBJECT))) return [];
  const scaled: ScaledObject[] = (await unlessForbidden(cluster.list(SCALED_OBJECT, { namespace }))) ?? [];
  return scaled.flatMap(({ metadata, spec }) => {
    const service = targetOf(services, spec?.scaleTargetRef?.kind ?? 'Deployment', spec?.scaleTargetRef?.name);
    if (!service || metadata?.annotations?.[KEDA_PAUSED] === 'true') return [];
    const what = `the ScaledObject ${metadata?.name}`;
    const how = 'it is paused while the service is stopped';
    return [{ service: service.name, what, canSuspend: true, how, object: objectOf(SCALED_OBJECT, metadata) }];
  });
}

/** What a controller of some operator, or OLM, made, it will make right again. */
function operatorOf({ name, object }: FoundService): ServiceOwner[] {
  const { ownerReferences = [], labels = {} } = object.metadata ?? {};
  const owner = ownerReferences.find(({ controller, kind }) => controller || kind === 'ClusterServiceVersion');
  const olm = labels['olm.owner'];
  if (!owner && olm === undefined) return [];
  const isOlm = owner === undefined || owner.kind === 'ClusterServiceVersion';
  const what = isOlm ? `OLM (${owner?.name ?? olm})` : `the operator of ${owner.kind} ${owner.name}`;
  return [{ service: name, what, canSuspend: false, how: 'we cannot suspend it: stop it, and label the service' }];
}

function targetOf(services: readonly FoundService[], kind: string, name: string | undefined): FoundService | undefined {
  return services.find((one) => one.kind === kind && one.object.metadata?.name === name);
}

async function onlyWhatWeMay(cluster: Cluster, owners: readonly ServiceOwner[]): Promise<ServiceOwner[]> {
  const wishes = owners.flatMap(({ object }) => (object ? [wishOf(object)] : []));
  const missing = wishes.length === 0 ? [] : await cluster.missing(wishes);
  return owners.map((owner) => {
    const { object, ...rest } = owner;
    const isMissing = missing.some((one) => one.resource === object?.plural && one.namespace === object.namespace);
    if (!object || !isMissing) return owner;
    return { ...rest, canSuspend: false, how: `we may not patch ${object.plural} in ${object.namespace}` };
  });
}

function wishOf({ apiVersion, plural, namespace }: OwnerObject): Wish {
  return { verb: 'patch', group: apiVersion.split('/')[0] ?? '', resource: plural, namespace };
}
