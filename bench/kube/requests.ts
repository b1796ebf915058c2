import type { SeenRequest } from '../../test/fakes/kube-api/double.ts';
import type { SeenRequests } from './double.ts';

/** Sent by the server, not by a guard. */
export const OURSELVES = ({ caller }: SeenRequest) => caller === 'a-token';

/** How many of each sort, most first: `get ConfigMap`. What is about no objects too: reviews, discovery. */
export function countByKind({ requests, others }: SeenRequests): Map<string, number> {
  const words = [
    ...requests.map(({ verb, kind, subresource }) => `${verb} ${kind}${subresource ? `/${subresource}` : ''}`),
    ...others.map(({ method, path }) => `${method === 'POST' ? 'create' : 'get'} ${shortened(path)}`),
  ];
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].sort(([, one], [, other]) => other - one));
}

const REVIEWS: Readonly<Record<string, string>> = {
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  selfsubjectrulesreviews: 'SelfSubjectRulesReview',
  subjectaccessreviews: 'SubjectAccessReview',
};

function shortened(path: string): string {
  if (path.includes('/stats/summary')) return 'statistics of a node';
  return REVIEWS[path.split('/').at(-1) ?? ''] ?? 'discovery';
}

/** How often each object or list was looked at. */
export function looksByObject(requests: readonly SeenRequest[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const request of requests.filter(({ verb }) => ['get', 'list', 'watch'].includes(verb))) {
    const key = `${describe(request)} by ${request.caller}`.replaceAll(/op[-_][a-z0-9]+|[0-9a-f]{8,}/g, '…');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function describe({ verb, kind, namespace = '', name = '', subresource = '', selector }: SeenRequest): string {
  return [verb, kind, `${namespace}/${name}`, subresource, selector].filter((word) => word !== '').join(' ');
}
