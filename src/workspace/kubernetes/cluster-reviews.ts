import type { V1ResourceRule, V1SelfSubjectAccessReview, V1SelfSubjectRulesReview } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import { addressOf } from './cluster-address.ts';
import type { Requests } from './cluster-requests.ts';
import type { Kind } from './kinds.ts';

const AUTHORIZATION = 'authorization.k8s.io/v1';

/** What may be done, as the API server itself decides it. */
export function createReviews(requests: Requests): Pick<Cluster, 'missing' | 'mayList'> {
  function review<T>(kind: string, spec: object): Promise<T> {
    const resource = `${kind.toLowerCase()}s`;
    const path = addressOf({ apiVersion: AUTHORIZATION, plural: resource, namespaced: false });
    const body = { apiVersion: AUTHORIZATION, kind, spec };
    return requests.repeat({ verb: 'create', resource, method: 'POST', path, body }) as Promise<T>;
  }
  return {
    async missing(wishes, account) {
      const kind = account === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
      const who = account === undefined ? {} : subjectOf(account);
      const answers = await Promise.all(
        wishes.map(async ({ verb, group, resource, subresource = '', namespace = '', name }) => {
          const one = name === undefined ? {} : { name };
          const resourceAttributes = { verb, group, resource, subresource, namespace, ...one };
          const answer = await review<V1SelfSubjectAccessReview>(kind, { resourceAttributes, ...who });
          return answer.status?.allowed === true;
        }),
      );
      return wishes.filter((_, at) => !answers[at]);
    },
    async mayList(namespace) {
      const { status } = await review<V1SelfSubjectRulesReview>('SelfSubjectRulesReview', { namespace });
      if (status === undefined || status.incomplete) return undefined;
      return (kind) => status.resourceRules.some((rule) => allowsList(rule, kind));
    },
  };
}

/** As the server knows the account of a pod. Source: kubernetes pkg/serviceaccount/util.go. */
function subjectOf({ namespace, name }: { readonly namespace: string; readonly name: string }): object {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: `system:serviceaccount:${namespace}:${name}`, groups };
}

function allowsList(
  { verbs, apiGroups = [], resources = [], resourceNames = [] }: V1ResourceRule,
  kind: Kind,
): boolean {
  const group = kind.apiVersion.includes('/') ? (kind.apiVersion.split('/')[0] ?? '') : '';
  const has = (list: readonly string[], word: string) => list.includes('*') || list.includes(word);
  return has(verbs, 'list') && has(apiGroups, group) && has(resources, kind.plural) && resourceNames.length === 0;
}
