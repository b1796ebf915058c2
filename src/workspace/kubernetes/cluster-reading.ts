import type { KubernetesObject } from '@kubernetes/client-node';
import { type Cluster, ClusterRefusal, isRefusal, type Where } from './cluster.ts';
import { addressOf } from './cluster-address.ts';
import type { Requests } from './cluster-requests.ts';
import type { Kind } from './kinds.ts';

const PAGE = 500;
/** A list that grew too old between two pages is begun again so often. */
const LIST_TRIES = 4;

export interface Listed<T> {
  readonly items: T[];
  /** To watch from. */
  readonly version: string;
}

type Reading = Pick<Cluster, 'read' | 'list'> & {
  listed<T extends KubernetesObject>(kind: Kind<T>, where: Where, signal?: AbortSignal): Promise<Listed<T>>;
};

export function createReading(requests: Requests): Reading {
  async function pages<T extends KubernetesObject>(kind: Kind<T>, where: Where, signal?: AbortSignal) {
    const items: T[] = [];
    for (let next: string | undefined; ; ) {
      const { labels: labelSelector, fields: fieldSelector } = where;
      const path = addressOf(kind, where, { labelSelector, fieldSelector, limit: PAGE, continue: next });
      const page = (await requests.repeat({ verb: 'list', resource: kind.plural, method: 'GET', path, signal })) as {
        metadata?: { continue?: string; resourceVersion?: string };
        items?: T[] | null;
      };
      const { apiVersion, kind: word } = kind;
      items.push(...(page.items ?? []).map((item) => ({ apiVersion, kind: word, ...item })));
      next = page.metadata?.continue || undefined;
      if (next === undefined) return { items, version: page.metadata?.resourceVersion ?? '' };
    }
  }
  const listed: Reading['listed'] = async (kind, where, signal) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await pages(kind, where, signal);
      } catch (error) {
        if (!(error instanceof ClusterRefusal && error.status === 410) || tries === LIST_TRIES) throw error;
      }
    }
  };
  return {
    listed,
    list: async (kind, where = {}) => (await listed(kind, where)).items,
    async read<T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string) {
      const path = addressOf(kind, { namespace, name });
      try {
        return (await requests.repeat({ verb: 'get', resource: kind.plural, method: 'GET', path })) as T;
      } catch (error) {
        if (isRefusal(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  };
}
