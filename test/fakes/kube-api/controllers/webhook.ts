import type { KubernetesObject } from '@kubernetes/client-node';
import { type Kind, NAMESPACE, POD, VALIDATING_WEBHOOK } from '../../../../src/workspace/kubernetes/kinds.ts';
import { Refused, type Stored } from '../store.ts';
import { isReady } from './pod-status.ts';
import type { World } from './world.ts';

const SERVICE: Kind = { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true };
type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: string[];
  }[];
}

/**
 * What the API server asks before it creates something, dry runs included: each webhook whose rules match. One served by a
 * pod of the cluster that is not ready refuses when it fails closed; one that is ready lets everything in.
 */
export function admit(world: World, kind: Kind, object: KubernetesObject): void {
  for (const configuration of world.store.list(VALIDATING_WEBHOOK))
    for (const webhook of configuration.webhooks ?? []) {
      if (webhook.failurePolicy === 'Ignore' || !concerns(world, webhook, kind, object)) continue;
      const service = webhook.clientConfig?.service;
      if (service && !isServed(world, service)) throw unreachable(webhook.name, service);
    }
}

function concerns(world: World, webhook: Stored, kind: Kind, object: KubernetesObject): boolean {
  const [group, version] = kind.apiVersion.includes('/') ? kind.apiVersion.split('/') : ['', kind.apiVersion];
  const has = (list: readonly string[] = [], one = '') => list.includes('*') || list.includes(one);
  const namespace = object.metadata?.namespace;
  const around = namespace === undefined ? undefined : world.store.get(NAMESPACE, namespace);
  return (
    (webhook.rules ?? []).some(
      (rule: Stored) =>
        has(rule.apiGroups, group) &&
        has(rule.apiVersions, version) &&
        has(rule.resources, kind.plural) &&
        has(rule.operations, 'CREATE'),
    ) &&
    selects(webhook.namespaceSelector, around?.metadata.labels) &&
    selects(webhook.objectSelector, object.metadata?.labels)
  );
}

function selects(selector: Selector = {}, labels: Labels = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
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

function isServed(world: World, { namespace, name }: { namespace: string; name: string }): boolean {
  const selector: Labels | undefined = world.store.get(SERVICE, name, namespace)?.spec?.selector;
  if (!selector) return false;
  return world.store
    .list(POD, namespace)
    .some((pod) => selects({ matchLabels: selector }, pod.metadata.labels) && isReady(pod));
}

function unreachable(webhook: string, { namespace, name, path = '/' }: Stored['spec']): Refused {
  const why = `Post "https://${name}.${namespace}.svc:443${path}?timeout=10s": no endpoints available for service "${name}"`;
  return new Refused(
    500,
    'InternalError',
    `Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: ${why}`,
  );
}
