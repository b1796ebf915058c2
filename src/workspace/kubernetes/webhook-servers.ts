import type { KubernetesObject, V1LabelSelector, V1RuleWithOperations } from '@kubernetes/client-node';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { ADDRESS, type Kind, MUTATING_WEBHOOK, NAMESPACE, VALIDATING_WEBHOOK } from './kinds.ts';
import { templateOf } from './service-order.ts';
import { unlessForbidden } from './unless-forbidden.ts';

interface ApiService extends KubernetesObject {
  spec?: { service?: { name?: string; namespace?: string } };
}
const API_SERVICE: Kind<ApiService> = {
  ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', plural: 'apiservices', namespaced: false },
};

interface Caller {
  readonly address: string;
  /** Without it pods are not admitted: those that this selects. */
  readonly gates?: { readonly pods: V1LabelSelector; readonly namespaces: V1LabelSelector };
}

export interface WebhookServer {
  readonly service: FoundService;
  /** Without it no pod of a service is admitted. */
  readonly gatesPods: boolean;
  /** Not even its own. */
  readonly gatesItself: boolean;
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
  const around = await unlessForbidden(context.cluster.read(NAMESPACE, context.namespace));
  const found = new Map<FoundService, WebhookServer>();
  for (const { address, gates } of callers) {
    const selector = addresses.find(({ metadata }) => metadata?.name === address)?.spec?.selector ?? {};
    if (Object.keys(selector).length === 0) continue;
    for (const service of services) {
      const labels = templateOf(service)?.metadata?.labels ?? {};
      if (!matches({ matchLabels: selector }, labels)) continue;
      const known = found.get(service);
      const gatesPods = gates !== undefined && matches(gates.namespaces, around?.metadata?.labels ?? {});
      found.set(service, {
        service,
        gatesPods: gatesPods || (known?.gatesPods ?? false),
        gatesItself: (gatesPods && matches(gates.pods, labels)) || (known?.gatesItself ?? false),
      });
    }
  }
  return [...found.values()];
}

function matches(
  { matchLabels = {}, matchExpressions = [] }: V1LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return (operator === 'Exists') === (value !== undefined);
    })
  );
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
  readonly objectSelector?: V1LabelSelector;
  readonly namespaceSelector?: V1LabelSelector;
}

function callersOf(object: KubernetesObject, namespace: string): Caller[] {
  if ('webhooks' in object && Array.isArray(object.webhooks))
    return object.webhooks.flatMap(
      ({ clientConfig, failurePolicy, rules, objectSelector = {}, namespaceSelector = {} }: Webhook) => {
        if (clientConfig?.service?.namespace !== namespace) return [];
        const isGate = failurePolicy !== 'Ignore' && rules?.some(matchesPods);
        const gates = isGate ? { gates: { pods: objectSelector, namespaces: namespaceSelector } } : {};
        return [{ address: clientConfig.service.name, ...gates }];
      },
    );
  const { service } = (object as ApiService).spec ?? {};
  return service?.namespace === namespace && service.name ? [{ address: service.name }] : [];
}

function matchesPods({ apiGroups = [], resources = [] }: V1RuleWithOperations): boolean {
  const isCore = apiGroups.includes('') || apiGroups.includes('*');
  return isCore && resources.some((resource) => ['pods', '*', '*/*'].includes(resource));
}
