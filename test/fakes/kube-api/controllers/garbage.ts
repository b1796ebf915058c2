import type { V1OwnerReference } from '@kubernetes/client-node';
import * as known from '../../../../src/workspace/kubernetes/kinds.ts';
import { type Kind, NAMESPACE } from '../../../../src/workspace/kubernetes/kinds.ts';
import { type Change, Refused, type Stored } from '../store.ts';
import { graceOf } from './pod-status.ts';
import type { World } from './world.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

interface Seen {
  readonly kind: Kind;
  readonly object: Stored;
}

/** What a DELETE does: pods get their grace; what is owned is left to the garbage collector, as asked. */
export function deleteObject(
  world: World,
  kind: Kind,
  name: string,
  namespace: string | undefined,
  options: { readonly propagation?: Propagation; readonly graceSeconds?: number; readonly uid?: string } = {},
): Stored {
  const { propagation, graceSeconds, uid } = options;
  const finalizer = { Foreground: FOREGROUND, Orphan: ORPHAN, Background: undefined }[propagation ?? 'Background'];
  if (finalizer !== undefined)
    world.store.edit(kind, name, namespace, ({ metadata }) => {
      if (uid === undefined || uid === metadata.uid)
        metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
    });
  const standing = kind.kind === 'Pod' ? world.store.get(kind, name, namespace) : undefined;
  const grace = standing ? graceOf(standing, graceSeconds) : 0;
  return world.store.remove(kind, name, namespace, { graceSeconds: grace, ...(uid === undefined ? {} : { uid }) });
}

/** Removes what lost all its owners, and everything of a namespace that goes; holds or frees what goes with its own. */
export function startGarbageCollector(world: World): () => void {
  const objects = new Map<string, Seen>();
  const ownersOf = ({ metadata }: Stored): V1OwnerReference[] => metadata.ownerReferences ?? [];
  const dependentsOf = (uid: string) =>
    [...objects.values()].filter(({ object }) => ownersOf(object).some((owner) => owner.uid === uid));

  function hear({ type, kind, object }: Change): void {
    if (type === 'DELETED') {
      objects.delete(object.metadata.uid);
      world.after(world.delays.status * 2, () => {
        for (const one of dependentsOf(object.metadata.uid)) collect(one);
        for (const { uid } of ownersOf(object)) settle(objects.get(uid));
      });
      return;
    }
    objects.set(object.metadata.uid, { kind, object });
    if (object.metadata.deletionTimestamp)
      world.after(world.delays.act, () => settle(objects.get(object.metadata.uid)));
    else if (ownersOf(object).length > 0) world.after(world.delays.status * 2, () => collect({ kind, object }));
  }

  function collect({ kind, object }: Seen): void {
    const { name, namespace, uid, deletionTimestamp } = objects.get(object.metadata.uid)?.object.metadata ?? {};
    const owners = ownersOf(objects.get(object.metadata.uid)?.object ?? object);
    if (name === undefined || deletionTimestamp || owners.length === 0) return;
    if (owners.some((owner) => objects.has(owner.uid))) return;
    quietly(() => deleteObject(world, kind, name, namespace, uid === undefined ? {} : { uid }));
  }

  /** An object on its way out that waits for its own, or lets them go. */
  function settle(seen: Seen | undefined): void {
    if (!seen?.object.metadata.deletionTimestamp) return;
    const { kind, object } = seen;
    const { name, namespace, uid, finalizers = [] } = object.metadata;
    const free = (finalizer: string) =>
      world.store.edit(kind, name, namespace, ({ metadata }) => {
        metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== finalizer);
      });
    const dependents = dependentsOf(uid);
    if (finalizers.includes(ORPHAN)) {
      for (const one of dependents) disown(one, uid);
      free(ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const rest = dependents.filter((one) => !one.object.metadata.deletionTimestamp);
      for (const { kind: its, object: one } of rest)
        quietly(() => deleteObject(world, its, one.metadata.name, one.metadata.namespace, { uid: one.metadata.uid }));
      const blocks = ({ object: one }: Seen) =>
        ownersOf(one).some((owner) => owner.uid === uid && owner.blockOwnerDeletion);
      if (!dependents.some(blocks)) free(FOREGROUND);
      else world.after(world.delays.retry, () => settle(objects.get(uid)));
    }
    if (kind.kind === NAMESPACE.kind) empty(name, uid);
  }

  function disown({ kind, object }: Seen, uid: string): void {
    world.store.edit(kind, object.metadata.name, object.metadata.namespace, ({ metadata }) => {
      metadata.ownerReferences = (metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    });
  }

  function empty(namespace: string, uid: string): void {
    const inside = [...objects.values()].filter(({ object }) => object.metadata.namespace === namespace);
    for (const { kind, object } of inside.filter((one) => !one.object.metadata.deletionTimestamp))
      quietly(() => deleteObject(world, kind, object.metadata.name, namespace));
    if (inside.length > 0) world.after(world.delays.retry, () => settle(objects.get(uid)));
    else
      world.store.edit(NAMESPACE, namespace, undefined, ({ metadata }) => {
        metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== 'kubernetes');
      });
  }

  /** It may be gone or new by now; both are fine. */
  function quietly(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  for (const kind of Object.values(known).filter((one) => typeof one === 'object'))
    for (const object of world.store.list(kind)) objects.set(object.metadata.uid, { kind, object });
  world.store.admit(NAMESPACE, (namespace, standing) => {
    if (!standing) namespace.metadata.finalizers = ['kubernetes'];
  });
  return world.store.listen(hear);
}
