import type { V1APIGroupList, V1APIResourceList } from '@kubernetes/client-node';
import type { Log } from '../../log.ts';
import { type Cluster, isRefusal } from './cluster.ts';
import { versionAddress } from './cluster-address.ts';
import { mayPass, type Requests, type Timing } from './cluster-requests.ts';
import { createReviews } from './cluster-reviews.ts';
import type { Kind } from './kinds.ts';

export function createDiscovery(
  requests: Requests,
  { kindsMs }: Pick<Timing, 'kindsMs'>,
  log?: Log,
): Pick<Cluster, 'serves' | 'discover' | 'missing' | 'mayList' | 'get'> {
  async function get(path: string): Promise<unknown> {
    try {
      return await requests.repeat({ verb: 'get', resource: 'other', method: 'GET', path });
    } catch (error) {
      if (isRefusal(error, 'NotFound')) return undefined;
      throw error;
    }
  }
  const known = new Map<string, { readonly kinds: Promise<Kind[]>; readonly untilMs: number }>();

  function kindsOf(apiVersion: string): Promise<Kind[]> {
    const standing = known.get(apiVersion);
    if (standing && performance.now() < standing.untilMs) return standing.kinds;
    const kinds = askForKinds(apiVersion);
    known.set(apiVersion, { kinds, untilMs: performance.now() + kindsMs });
    kinds.catch(() => known.delete(apiVersion)); // told to who asked
    return kinds;
  }
  async function askForKinds(apiVersion: string): Promise<Kind[]> {
    const { resources = [] } = ((await get(versionAddress(apiVersion))) ?? {}) as Partial<V1APIResourceList>;
    return resources
      .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list'))
      .map(({ name, kind, namespaced }) => ({ apiVersion, kind, plural: name, namespaced }));
  }
  return {
    get,
    serves: async ({ apiVersion, plural }) => (await kindsOf(apiVersion)).some((kind) => kind.plural === plural),
    async discover() {
      const { groups = [] } = ((await get('/apis')) ?? {}) as Partial<V1APIGroupList>;
      const versions = [
        'v1',
        ...groups.map(({ versions, preferredVersion }) => (preferredVersion ?? versions[0])?.groupVersion),
      ];
      const found = await Promise.all(
        versions.map(async (version) => {
          if (version === undefined) return [];
          try {
            return await kindsOf(version);
          } catch (error) {
            // An aggregated API whose own pods are down; the others are there all the same.
            if (!mayPass(error) || version === 'v1') throw error;
            log?.warn(
              { version, cause: String(error) },
              'an API of the cluster does not answer: its kinds are left out',
            );
            return [];
          }
        }),
      );
      return found.flat();
    },
    ...createReviews(requests),
  };
}
