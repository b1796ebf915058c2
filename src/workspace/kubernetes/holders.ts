import type { V1PersistentVolume, V1Pod, V1Volume } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import { findServices } from './find-services.ts';
import type { FoundPart, FoundService, Holder } from './found.ts';
import { VOLUME } from './kinds.ts';
import { listLivePods, mountsOnlyToRead, ownerOfPod } from './live-pods.ts';
import { LABELS, OURS } from './names.ts';
import { overlaps, shareInPod, shareOf } from './share-of.ts';

interface Mounted {
  readonly pod: V1Pod;
  readonly part: string;
  readonly readOnly: boolean;
}

/**
 * Every pod of any namespace that has a part mounted, or a folder of the same share, above or below it: by its claim, by a
 * claim bound to another volume that shows the same, or without any claim. Pods that are still to start count too. Our own
 * movers and readers do not.
 */
export async function findHolders(
  context: KubeContext,
  parts: readonly FoundPart[],
  pods?: readonly V1Pod[],
): Promise<Holder[]> {
  const [all, volumes] = await Promise.all([
    pods ?? listLivePods(context.cluster),
    // Only what can be shared can be shown by a second volume.
    parts.some(isShown) ? context.cluster.list(VOLUME) : [],
  ]);
  const claims = claimsOfParts(parts, volumes);
  const mounted = all.filter((pod) => !isOurs(pod)).flatMap((pod) => mountsOf(pod, parts, claims));
  const isAtHome = mounted.some(({ pod }) => pod.metadata?.namespace === context.namespace);
  const services = isAtHome ? await findServices(context) : [];
  return Promise.all(mounted.map((one) => describe(context, one, services)));
}

async function describe(
  context: KubeContext,
  { pod, part, readOnly }: Mounted,
  services: readonly FoundService[],
): Promise<Holder> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const owner = namespace === context.namespace ? await ownerOfPod(pod, context.cluster) : undefined;
  const service = services.find(
    ({ kind, object }) => kind === owner?.kind && object.metadata?.name === owner.name,
  )?.name;
  return { namespace, pod: name, part, readOnly, ...(service === undefined ? {} : { service }) };
}

/** Parts by the claims that show them: `namespace/name`. */
function claimsOfParts(parts: readonly FoundPart[], volumes: readonly V1PersistentVolume[]): Map<string, string[]> {
  const claims = new Map<string, string[]>();
  const add = (namespace: string | undefined, name: string | undefined, part: string) => {
    const key = `${namespace}/${name}`;
    const known = claims.get(key) ?? [];
    if (!known.includes(part)) claims.set(key, [...known, part]);
  };
  for (const part of parts) {
    for (const { metadata } of [part.claim, ...(part.backing ? [part.backing.claim] : [])])
      add(metadata?.namespace, metadata?.name, part.name);
    for (const { spec } of volumes.filter((volume) => showsSame(volume, part)))
      if (spec?.claimRef) add(spec.claimRef.namespace, spec.claimRef.name, part.name);
  }
  return claims;
}

function mountsOf(pod: V1Pod, parts: readonly FoundPart[], claims: ReadonlyMap<string, readonly string[]>): Mounted[] {
  const { spec, metadata } = pod;
  if (!spec) return [];
  const mounted = (spec.volumes ?? []).flatMap((volume) => {
    const claim = claimIn(volume, metadata?.name);
    const byClaim = claim === undefined ? [] : (claims.get(`${metadata?.namespace}/${claim}`) ?? []);
    const readOnly = saysReadOnly(volume) || mountsOnlyToRead(spec, volume.name);
    return [...byClaim, ...partsShownIn(volume, parts)].map((part) => ({ pod, part, readOnly }));
  });
  // One line a part: a pod that mounts it twice writes when either does.
  return [...new Set(mounted.map(({ part }) => part))].map((part) => ({
    pod,
    part,
    readOnly: mounted.filter((one) => one.part === part).every(({ readOnly }) => readOnly),
  }));
}

/** An ephemeral volume has a claim named after the pod. */
function claimIn({ persistentVolumeClaim, ephemeral, name }: V1Volume, pod: string | undefined): string | undefined {
  return persistentVolumeClaim?.claimName ?? (ephemeral ? `${pod}-${name}` : undefined);
}

function partsShownIn(volume: V1Volume, parts: readonly FoundPart[]): string[] {
  const shown = shareInPod(volume);
  if (!shown) return [];
  return parts.flatMap((part) => {
    const own = shareOf(part.volume);
    return own && overlaps(own, shown) ? [part.name] : [];
  });
}

function saysReadOnly({ persistentVolumeClaim, nfs, csi }: V1Volume): boolean {
  return persistentVolumeClaim?.readOnly === true || nfs?.readOnly === true || csi?.readOnly === true;
}

function showsSame(volume: V1PersistentVolume, part: FoundPart): boolean {
  const shown = shareOf(volume);
  const own = shareOf(part.volume);
  if (shown && own && overlaps(shown, own)) return true;
  return [part.volume, part.backing?.volume].some((one) => isSameHandle(volume, one));
}

function isSameHandle({ spec }: V1PersistentVolume, other: V1PersistentVolume | undefined): boolean {
  const [one, same] = [spec?.csi, other?.spec?.csi];
  return one !== undefined && one.driver === same?.driver && one.volumeHandle === same.volumeHandle;
}

function isShown(part: FoundPart): boolean {
  return part.kind === 'shared-folder' || shareOf(part.volume) !== undefined;
}

function isOurs({ metadata }: V1Pod): boolean {
  return metadata?.labels?.[LABELS.managedBy] === OURS;
}
