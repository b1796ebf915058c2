import type { V1Pod, V1Volume } from '@kubernetes/client-node';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { POD } from './kinds.ts';
import { objectName } from './names.ts';
import { templateOf } from './service-order.ts';

/**
 * Asks the API server whether it would let a pod of each service come up, without making any: admission, quotas of kinds,
 * service accounts and security levels change unnoticed while pods run. Answers one sentence for each that it would not.
 */
export async function rehearse(context: KubeContext, services: readonly FoundService[]): Promise<string[]> {
  const answers = await Promise.all(services.map((service) => rehearseOne(context, service)));
  return answers.filter((answer) => answer !== undefined);
}

async function rehearseOne({ cluster, namespace }: KubeContext, service: FoundService): Promise<string | undefined> {
  const pod = podOf(service, namespace);
  if (pod === undefined) return undefined;
  try {
    await cluster.create(POD, pod, { dryRun: true });
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal)) throw cause;
    // The pods that run now use the quota up; the one that is asked for would come in their place.
    if (cause.message.includes('exceeded quota')) return undefined;
    return `A pod of ${service.name} would not be let in again: ${cause.message}`;
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
