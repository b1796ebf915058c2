import type { KubernetesObject, V1RuleWithOperations } from '@kubernetes/client-node';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { ADDRESS, type Kind, MUTATING_WEBHOOK, VALIDATING_WEBHOOK } from './kinds.ts';
import { templateOf } from './service-order.ts';

interface ApiService extends KubernetesObject {
  spec?: { service?: { name?: string; namespace?: string } };
}
const API_SERVICE: Kind<ApiService> = {
  ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', plural: 'apiservices', namespaced: false },
};

interface Caller {
  readonly address: string;
  /** Without it no pod of any service is admitted. */
  readonly gatesPods: boolean;
}

export interface WebhookServer {
  readonly service: FoundService;
  readonly gatesPods: boolean;
}

/**
 * Services whose own pods answer webhooks or aggregated APIs: while they are down the API server refuses what they would
 * have to look at. Who may not list those objects is told of none; the rehearsal still finds what is refused now.
 */
export async function findWebhookServers(
  context: KubeContext,
  services: readonly FoundService[],
): Promise<WebhookServer[]> {
  const callers = await findCallers(context);
  if (callers.length === 0) return [];
  const addresses = await context.cluster.list(ADDRESS, { namespace: context.namespace });
  const found = new Map<FoundService, boolean>();
  for (const { address, gatesPods } of callers) {
    const selector = Object.entries(addresses.find(({ metadata }) => metadata?.name === address)?.spec?.selector ?? {});
    if (selector.length === 0) continue;
    for (const service of services) {
      const labels = templateOf(service)?.metadata?.labels ?? {};
      if (!selector.every(([key, value]) => labels[key] === value)) continue;
      found.set(service, gatesPods || (found.get(service) ?? false));
    }
  }
  return [...found].map(([service, gatesPods]) => ({ service, gatesPods }));
}

async function findCallers({ cluster, namespace, log }: KubeContext): Promise<Caller[]> {
  const lists = await Promise.all(
    [VALIDATING_WEBHOOK, MUTATING_WEBHOOK, API_SERVICE].map(async (kind): Promise<Caller[]> => {
      try {
        return (await cluster.list(kind)).flatMap((object) => callersOf(object, namespace));
      } catch (cause) {
        if (!isRefusal(cause, 'Forbidden') && !isRefusal(cause, 'NotFound')) throw cause;
        log.info({ kind: kind.kind }, 'we may not look whether the workspace serves webhooks');
        return [];
      }
    }),
  );
  return lists.flat();
}

interface Webhook {
  readonly clientConfig?: { readonly service?: { readonly name: string; readonly namespace: string } };
  readonly failurePolicy?: string;
  readonly rules?: readonly V1RuleWithOperations[];
}

function callersOf(object: KubernetesObject, namespace: string): Caller[] {
  if ('webhooks' in object && Array.isArray(object.webhooks))
    return object.webhooks.flatMap(({ clientConfig, failurePolicy, rules }: Webhook) =>
      clientConfig?.service?.namespace === namespace
        ? [{ address: clientConfig.service.name, gatesPods: failurePolicy !== 'Ignore' && !!rules?.some(matchesPods) }]
        : [],
    );
  const { service } = (object as ApiService).spec ?? {};
  return service?.namespace === namespace && service.name ? [{ address: service.name, gatesPods: false }] : [];
}

function matchesPods({ apiGroups = [], resources = [] }: V1RuleWithOperations): boolean {
  const isCore = apiGroups.includes('') || apiGroups.includes('*');
  return isCore && resources.some((resource) => ['pods', '*', '*/*'].includes(resource));
}
