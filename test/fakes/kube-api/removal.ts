import { POD } from '../../../src/workspace/kubernetes/kinds.ts';
import { graceOf } from './controllers/pod-status.ts';
import { isTree } from './patch.ts';
import type { ApiRequest } from './requests.ts';
import { Refused, type Store, type Stored, titleOf } from './store.ts';

interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Marks it, or removes it: the answer is the object, or a Status when nothing is left of it. @throws Refused 409 */
export function remove(store: Store, request: ApiRequest, standing: Stored): unknown {
  const { served, name = '', namespace, query } = request;
  const { kind } = served;
  const options = (isTree(request.body) ? request.body : {}) as DeleteOptions;
  const { uid } = standing.metadata;
  const wanted = options.preconditions?.uid;
  if (wanted !== undefined && wanted !== uid) {
    const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
    throw new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${titleOf(kind)} "${name}": ${why}`);
  }
  const { resourceVersion } = standing.metadata;
  const stood = options.preconditions?.resourceVersion;
  if (stood !== undefined && stood !== resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${stood}, ResourceVersion in object meta: ${resourceVersion}`;
    throw new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${titleOf(kind)} "${name}": ${why}`);
  }
  if (request.dryRun) return standing;
  const policy = options.propagationPolicy ?? query.get('propagationPolicy');
  const finalizer = policy === 'Foreground' ? 'foregroundDeletion' : policy === 'Orphan' ? 'orphan' : undefined;
  if (finalizer) {
    store.edit(kind, name, namespace, ({ metadata }) => {
      metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
    });
  }
  const asked = query.get('gracePeriodSeconds');
  const graceSeconds =
    kind.kind === POD.kind
      ? graceOf(standing, options.gracePeriodSeconds ?? (asked === null ? undefined : Number(asked)))
      : 0;
  const left = store.remove(kind, name, namespace, { graceSeconds });
  if (store.get(kind, name, namespace)) return left;
  const [group = '', version] = kind.apiVersion.split('/');
  const details = { name, ...(version !== undefined && { group }), kind: kind.plural, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
