import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '@kubernetes/client-node';
import { type Cluster, ClusterRefusal, isRefusal } from './cluster.ts';
import { addressOf } from './cluster-address.ts';
import { mayHaveHappened, type Requests } from './cluster-requests.ts';
import type { Kind } from './kinds.ts';

type Writing = Pick<Cluster, 'create' | 'patch' | 'replace' | 'apply' | 'remove'>;

/**
 * So often a patch that names no version may meet others: the server itself gives up after five writes that came in between
 * (apiserver pkg/endpoints/handlers/patch.go), though nothing was asked that could conflict.
 */
const TRIES = 10;

export function createWriting(requests: Requests): Writing {
  return {
    create: (kind, object, { dryRun = false } = {}) => create(requests, kind, object, dryRun),
    patch: async (kind, name, namespace, patch) => {
      const path = addressOf(kind, { namespace, name });
      const contentType = 'application/merge-patch+json';
      const request = {
        verb: 'patch',
        resource: kind.plural,
        method: 'PATCH',
        path,
        body: patch,
        contentType,
      } as const;
      const stands = (standing: KubernetesObject) =>
        isDeepStrictEqual(mergePatched(standing, withoutVersion(patch)), standing);
      for (let tries = 1; ; tries += 1) {
        try {
          return await writeOnce(requests, kind, request, stands);
        } catch (error) {
          if (isOtherObject(error)) throw new ClusterRefusal(error.message, 409, 'Conflict', { cause: error });
          if (!isRefusal(error, 'Conflict') || hasVersion(patch) || tries === TRIES) throw error;
        }
      }
    },
    replace: async (kind, object) => {
      const path = addressOf(kind, { namespace: object.metadata?.namespace, name: object.metadata?.name });
      const request = { verb: 'update', resource: kind.plural, method: 'PUT', path, body: object } as const;
      return writeOnce(requests, kind, request, (standing) => isDeepStrictEqual(wanted(standing), wanted(object)));
    },
    apply: async <T extends KubernetesObject>(kind: Kind<T>, object: T) => {
      const { name, namespace } = object.metadata ?? {};
      const path = addressOf(kind, { namespace, name }, { fieldManager: 'cml-backup', force: true });
      const contentType = 'application/apply-patch+yaml';
      const { managedFields: _, ...metadata } = object.metadata ?? {};
      const body = { ...object, apiVersion: kind.apiVersion, kind: kind.kind, metadata };
      const request = { verb: 'apply', resource: kind.plural, method: 'PATCH', path, body, contentType } as const;
      return (await requests.repeat(request)) as T;
    },
    remove: (kind, name, namespace, options) => remove(requests, kind, name, namespace, options),
  };
}

/**
 * A create whose answer was lost may have happened: before it is sent again, and when it then stands already, what stands is
 * read, and answered if it carries the labels that we sent.
 */
async function create<T extends KubernetesObject>(requests: Requests, kind: Kind<T>, object: T, dryRun: boolean) {
  const { name, namespace } = object.metadata ?? {};
  const body = { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
  const path = addressOf(kind, { namespace }, { dryRun: dryRun ? 'All' : undefined });
  const post = { verb: 'create', resource: kind.plural, method: 'POST', path, body } as const;
  let mayStand = false;
  async function standing(): Promise<T | undefined> {
    const get = {
      verb: 'get',
      resource: kind.plural,
      method: 'GET',
      path: addressOf(kind, { namespace, name }),
    } as const;
    try {
      const found = (await requests.once(get)) as T;
      return carries(found, object) ? found : undefined;
    } catch (error) {
      if (isRefusal(error, 'NotFound')) return undefined;
      throw error;
    }
  }
  const work = async (): Promise<T> => {
    const before = mayStand ? await standing() : undefined;
    if (before) return before;
    try {
      return (await requests.once(post)) as T;
    } catch (error) {
      const late = mayStand && isRefusal(error, 'AlreadyExists') ? await standing() : undefined;
      if (late) return late;
      if (!dryRun && mayHaveHappened(error)) mayStand = true;
      throw error;
    }
  };
  // A rehearsal wants the webhook's answer as it is now; what got its name from the server cannot be looked up.
  return requests.patiently(work, undefined, (error) => {
    if (dryRun) return !(error instanceof ClusterRefusal && error.status === 500);
    return name !== undefined || !mayHaveHappened(error);
  });
}

/** A conditional write whose answer was lost meets its own change when it is sent again: `stands` tells that from another's. */
async function writeOnce<T extends KubernetesObject>(
  requests: Requests,
  kind: Kind<T>,
  request: Parameters<Requests['once']>[0],
  stands: (standing: T) => boolean,
): Promise<T> {
  let mayStand = false;
  return requests.patiently(async () => {
    try {
      return (await requests.once(request)) as T;
    } catch (error) {
      if (mayStand && isRefusal(error, 'Conflict')) {
        const get = { verb: 'get', resource: kind.plural, method: 'GET', path: request.path } as const;
        const standing = (await requests.once(get)) as T;
        if (stands(standing)) return standing;
      }
      mayStand ||= mayHaveHappened(error);
      throw error;
    }
  });
}

async function remove(
  requests: Requests,
  kind: Kind,
  name: string,
  namespace: string | undefined,
  { uid, version, propagation = 'Background', graceSeconds }: Parameters<Cluster['remove']>[3] = {},
): Promise<void> {
  const body = {
    ...{ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation },
    ...((uid ?? version) !== undefined && {
      preconditions: { ...(uid !== undefined && { uid }), ...(version !== undefined && { resourceVersion: version }) },
    }),
    ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
  };
  const path = addressOf(kind, { namespace, name });
  let mayBeGone = false;
  await requests.patiently(async () => {
    try {
      await requests.once({ verb: 'delete', resource: kind.plural, method: 'DELETE', path, body });
    } catch (error) {
      if (isRefusal(error, 'NotFound')) return;
      // Ours is gone, and somebody made another of its name meanwhile.
      if (mayBeGone && isRefusal(error, 'Conflict')) return;
      mayBeGone ||= mayHaveHappened(error);
      throw error;
    }
  });
}

/** A patch with another's uid is `Invalid`, where everything else that is conditional is a `Conflict`. */
function isOtherObject(error: unknown): error is ClusterRefusal {
  return isRefusal(error, 'Invalid') && error.message.includes('metadata.uid');
}

function carries(standing: KubernetesObject, sent: KubernetesObject): boolean {
  const labels = standing.metadata?.labels ?? {};
  return Object.entries(sent.metadata?.labels ?? {}).every(([key, value]) => labels[key] === value);
}

/** RFC 7396. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatched(merged[key], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasVersion(patch: { readonly metadata?: { readonly resourceVersion?: unknown } }): boolean {
  return patch.metadata?.resourceVersion !== undefined;
}

function withoutVersion(patch: object): object {
  const { metadata, ...rest } = patch as { metadata?: { resourceVersion?: string } };
  const { resourceVersion: _, ...kept } = metadata ?? {};
  return { ...rest, metadata: kept };
}

/** What a writer can ask for. */
function wanted(object: KubernetesObject): object {
  const { metadata, status: _, ...rest } = object as KubernetesObject & { status?: unknown };
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata ?? {};
  return { ...rest, metadata: { labels, annotations, finalizers, ownerReferences } };
}
