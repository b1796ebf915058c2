import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, POD, STATEFUL_SET, VOLUME } from './kinds.ts';
import { NOTES } from './names.ts';
import type { ClaimManifest } from './swap-record.ts';

/** With a reservation a claim is bound in 35 ms, without one at the binder's next look, up to 15 s (kube-traces 11, 12). */
const WITHIN_MS = 120_000;

/** Written by whoever binds claims and makes volumes. */
const OF_BINDING = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/selected-node',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
];

/** What the claim is made anew from, on whatever volume. */
export function manifestOf({ metadata, spec }: V1PersistentVolumeClaim): ClaimManifest {
  const { name = '', labels, annotations = {}, ownerReferences } = metadata ?? {};
  const kept = Object.entries(annotations).filter(([key]) => !OF_BINDING.includes(key));
  const { volumeName: _, ...wanted } = spec ?? {};
  return {
    metadata: {
      ...{ name, annotations: Object.fromEntries(kept) },
      ...(labels === undefined ? {} : { labels }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    spec: wanted,
  };
}

/**
 * Removes this very claim and waits until it is gone; its volume is then Released. Nothing when it is gone already. With a
 * version only as it stood then, else ClusterRefusal `Conflict`.
 */
export async function removeClaim(context: KubeContext, name: string, uid: string, version?: string): Promise<void> {
  const { cluster, namespace } = context;
  const standing = await cluster.read(CLAIM, name, namespace);
  if (standing?.metadata?.uid !== uid) return;
  await cluster.remove(CLAIM, name, namespace, { uid, version });
  let holds: readonly string[] = [];
  const look = async (claims: readonly V1PersistentVolumeClaim[]) => {
    const left = claims.find(({ metadata }) => metadata?.uid === uid);
    holds = left?.metadata?.finalizers ?? [];
    return left === undefined ? true : undefined;
  };
  const late = () =>
    new OperationError('swap-failed', `The claim ${name} is not removed; it is held by ${holds.join(', ')}.`, {
      hint: 'look for pods that mount it and for snapshots of it that are not ready',
    });
  await cluster.follow(CLAIM, { namespace, fields: `metadata.name=${name}` }, look, { withinMs: WITHIN_MS, late });
}

/** Refuses where a pod would hold the claim for as long as it stands. @throws OperationError `swap-failed`. */
export async function assertUnmounted(context: KubeContext, claims: readonly string[]): Promise<void> {
  const { cluster, namespace } = context;
  const pods = await cluster.list(POD, { namespace, fields: 'status.phase!=Succeeded,status.phase!=Failed' });
  for (const { metadata, spec } of pods) {
    const mounted = spec?.volumes?.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName) ?? [];
    const claim = claims.find((name) => mounted.includes(name));
    if (claim === undefined) continue;
    throw new OperationError(
      'swap-failed',
      `data cannot be moved while the pod ${metadata?.name} has ${claim} mounted`,
      {
        hint: 'end it and try again',
      },
    );
  }
}

/** Makes the claim on this volume and waits until it is bound. */
export async function bindClaim(
  context: KubeContext,
  manifest: ClaimManifest,
  { volume, uid }: { readonly volume: string; readonly uid: string },
): Promise<void> {
  const { cluster, namespace } = context;
  const { name } = manifest.metadata;
  await reserve(context, { volume, uid }, name);
  const ownerReferences = await livingOwners(context, manifest);
  const claim = {
    ...{ apiVersion: CLAIM.apiVersion, kind: CLAIM.kind },
    metadata: { ...manifest.metadata, namespace, ownerReferences },
    spec: { ...manifest.spec, volumeName: volume },
  } as V1PersistentVolumeClaim;
  try {
    await cluster.create(CLAIM, claim);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
    // Reserved before it was made by an earlier life, or not: the patch above has helped either way.
  }
  await awaitBound(context, name, volume);
}

/** By name and namespace, without a uid: whoever is made under that name gets it, at once. */
async function reserve(
  { cluster, namespace }: KubeContext,
  { volume, uid }: { readonly volume: string; readonly uid: string },
  name: string,
): Promise<void> {
  const standing = await cluster.read(VOLUME, volume);
  if (standing?.metadata?.uid !== uid) throw volumeGone(volume);
  if (await isHeldBy({ cluster, namespace }, standing, name)) return;
  const { apiVersion, kind } = CLAIM;
  const claimRef = { apiVersion, kind, namespace, name, uid: null, resourceVersion: null };
  await cluster.patch(VOLUME, volume, undefined, { metadata: { uid }, spec: { claimRef } });
}

/** It is bound to the claim of that name as it stands: a reservation would take it away. */
async function isHeldBy(
  { cluster, namespace }: Pick<KubeContext, 'cluster' | 'namespace'>,
  { spec }: V1PersistentVolume,
  name: string,
): Promise<boolean> {
  if (spec?.claimRef?.name !== name || spec.claimRef.uid === undefined) return false;
  return (await cluster.read(CLAIM, name, namespace))?.metadata?.uid === spec.claimRef.uid;
}

async function awaitBound({ cluster, namespace }: KubeContext, name: string, volume: string): Promise<void> {
  let seen = 'gone';
  const look = ([claim]: readonly V1PersistentVolumeClaim[]) => {
    seen = claim?.status?.phase ?? 'gone';
    const other = claim?.spec?.volumeName;
    if (claim !== undefined && other !== volume)
      throw new OperationError(
        'swap-failed',
        `The claim ${name} was made by somebody else, for ${other ?? 'nothing'}.`,
      );
    return seen === 'Bound' ? true : undefined;
  };
  const late = () => new OperationError('swap-failed', `The claim ${name} is not bound to ${volume}: it is ${seen}.`);
  await cluster.follow(CLAIM, { namespace, fields: `metadata.name=${name}` }, look, { withinMs: WITHIN_MS, late });
}

/** An owner that was made anew meanwhile has another uid: the cluster would remove the claim as an orphan. */
async function livingOwners({ cluster, namespace }: KubeContext, { metadata }: ClaimManifest) {
  const owners = (metadata.ownerReferences ?? []) as NonNullable<
    NonNullable<V1PersistentVolumeClaim['metadata']>['ownerReferences']
  >;
  const isLiving = await Promise.all(
    owners.map(async ({ kind, name, uid }) => {
      if (kind !== STATEFUL_SET.kind) return true;
      return (await cluster.read(STATEFUL_SET, name, namespace))?.metadata?.uid === uid;
    }),
  );
  return owners.filter((_, at) => isLiving[at]);
}

/** From here on nobody removes it by a version that he read before: what an overtaken life still sends is refused. */
export async function fenceClaim(
  { cluster, namespace }: KubeContext,
  name: string,
  operationId: string,
): Promise<void> {
  try {
    for (const fenced of [operationId, null])
      await cluster.patch(CLAIM, name, namespace, { metadata: { annotations: { [NOTES.swap]: fenced } } });
  } catch (error) {
    if (!isRefusal(error, 'NotFound')) throw error;
  }
}

/** Released for good: reserved for a claim that does not exist, so that nobody is ever bound to it by chance. */
export async function parkVolume(
  { cluster, namespace }: KubeContext,
  { volume, uid }: { readonly volume: string; readonly uid: string },
  name: string,
): Promise<void> {
  const { apiVersion, kind } = CLAIM;
  const claimRef = { apiVersion, kind, namespace, name, uid, resourceVersion: null };
  await cluster.patch(VOLUME, volume, undefined, { metadata: { uid }, spec: { claimRef } });
}

export function volumeGone(volume: string): OperationError {
  return new OperationError('swap-failed', `The volume ${volume} is gone, or another one has its name.`, {
    hint: 'restore a backup into a new volume',
  });
}
