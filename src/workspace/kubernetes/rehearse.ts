import type { V1Pod, V1Volume } from '@kubernetes/client-node';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { POD } from './kinds.ts';
import { objectName } from './names.ts';
import { templateOf } from './service-order.ts';

/** A pod that would not be let in. */
export interface Refusal {
  /** A sentence. */
  readonly said: string;
  /** A webhook that the workspace serves itself did not answer: so it is broken, and may be what a restore is to mend. */
  readonly isOwnDoing: boolean;
}

/**
 * Asks the API server whether it would let a pod of each service come up, without making any: admission, quotas of kinds,
 * service accounts and security levels change unnoticed while pods run.
 */
export async function rehearse(context: KubeContext, services: readonly FoundService[]): Promise<Refusal[]> {
  const answers = await Promise.all(services.map((service) => rehearseOne(context, service)));
  return answers.filter((answer) => answer !== undefined);
}

/** A backup takes all of them for what they are; a restore only those that it will not mend. */
export function blocking(refusals: readonly Refusal[], isRestore: boolean): string[] {
  return refusals.filter(({ isOwnDoing }) => !(isRestore && isOwnDoing)).map(({ said }) => said);
}

async function rehearseOne({ cluster, namespace }: KubeContext, service: FoundService): Promise<Refusal | undefined> {
  const pod = podOf(service, namespace);
  if (pod === undefined) return undefined;
  try {
    await cluster.create(POD, pod, { dryRun: true });
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal)) throw cause;
    // The pods that run now use the quota up; the one that is asked for would come in their place.
    if (cause.message.includes('exceeded quota')) return undefined;
    const said = `A pod of ${service.name} would not be let in again: ${cause.message}`;
    // Source: apiserver pkg/admission/plugin/webhook, which names the address that it calls.
    const isOwnDoing = /failed calling webhook/.test(cause.message) && cause.message.includes(`.${namespace}.svc`);
    return { said, isOwnDoing };
  }
}

function podOf(service: FoundService, namespace: string): V1Pod | undefined {
  const template = templateOf(service);
  if (!template?.spec) return undefined;
  const labels = template.metadata?.labels;
  const annotations = template.metadata?.annotations;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: objectName('cml-rehearsal', service.object.metadata?.name ?? '', service.kind.toLowerCase()),
      namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claimedVolumes(service)] },
  };
}

/** What the controller of a StatefulSet adds to its template. */
function claimedVolumes({ object }: FoundService): V1Volume[] {
  const templates = object.spec && 'volumeClaimTemplates' in object.spec ? object.spec.volumeClaimTemplates : undefined;
  return (templates ?? []).map(({ metadata }) => ({
    name: metadata?.name ?? '',
    persistentVolumeClaim: { claimName: `${metadata?.name}-${object.metadata?.name}-0` },
  }));
}
