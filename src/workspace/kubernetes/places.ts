import { posix } from 'node:path';
import type { V1PersistentVolumeClaim, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { OperationError, PortError } from '../../errors.ts';
import type { ProgramNeeds } from '../../program.ts';
import type { KubeContext } from './context.ts';
import { findParts, partNameOf } from './find-parts.ts';
import { CLAIM, POD, VOLUME } from './kinds.ts';
import { claimNameOf, LABELS, NOTES, OURS, type Place, placeOf, placePath } from './names.ts';
import { openReader } from './readers.ts';
import { nfsOf, withSharePath } from './share-of.ts';
import { keepShare } from './shares.ts';
import { readSnapshots } from './snapshot-record.ts';

/** How the places that a program needs come into its pod. */
export interface MountedPlaces {
  readonly volumes: readonly V1Volume[];
  readonly mounts: readonly V1VolumeMount[];
  /** Where a pod of the workspace has one of them mounted that only one node may have. */
  readonly nodeName?: string | undefined;
  readonly isWritten: boolean;
  /** Paths of shares that are only read, which are slow to walk: see `programScript`. */
  readonly slow: readonly string[];
}

type Access = 'read' | 'write';

interface Wanted {
  readonly path: string;
  readonly place: Place;
  readonly access: Access;
}

interface Found {
  readonly claim: V1PersistentVolumeClaim;
  readonly isShare: boolean;
}

/**
 * Finds the claim behind each place; for a live share on a file server, one of our own (see `shares.ts`).
 * @throws OperationError `part-missing`; `preflight-failed` when two places are held on two nodes.
 */
export async function mountPlaces(
  context: KubeContext,
  operationId: string,
  needed: NonNullable<ProgramNeeds['places']>,
  signal?: AbortSignal,
): Promise<MountedPlaces> {
  const wanted = wantedPlaces(needed);
  const found = await claimsBehind(context, operationId, wanted, signal);
  const claims = found.map(({ claim }) => claim);
  const slow = wanted.filter(({ access }, at) => found[at]?.isShare && access === 'read').map(({ path }) => path);
  const volumes = claims.map(({ metadata }, at): V1Volume => {
    const readOnly = wanted[at]?.access === 'read';
    return { name: volumeName(at), persistentVolumeClaim: { claimName: metadata?.name ?? '', readOnly } };
  });
  const mounts = wanted.map(({ path, access }, at): V1VolumeMount => {
    const subPath = claims[at]?.metadata?.annotations?.[NOTES.within];
    const mount = { name: volumeName(at), mountPath: path, readOnly: access === 'read' };
    return subPath === undefined || subPath === '' ? mount : { ...mount, subPath };
  });
  const isWritten = wanted.some(({ access }) => access === 'write');
  return { volumes, mounts, isWritten, slow, nodeName: await nodeOf(context, claims) };
}

const volumeName = (at: number) => `place-${at}`;

/** Each place once; written when anything in it is. What storage took is never written. */
function wantedPlaces(needed: NonNullable<ProgramNeeds['places']>): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { path, access } of needed) {
    const place = placeOf(path)?.place;
    if (!place) throw new OperationError('part-missing', `${path} is no place of this workspace`);
    const root = placePath(place);
    const isWritten = place.life !== 'snapshot' && (access === 'write' || wanted.get(root)?.access === 'write');
    wanted.set(root, { path: root, place, access: isWritten ? 'write' : 'read' });
  }
  return [...wanted.values()];
}

async function claimsBehind(
  context: KubeContext,
  operationId: string,
  wanted: readonly Wanted[],
  signal: AbortSignal | undefined,
): Promise<Found[]> {
  const { cluster, namespace } = context;
  const isLive = wanted.some(({ place }) => place.life === 'live');
  const standing = isLive ? await cluster.list(CLAIM, { namespace }) : [];
  return Promise.all(
    wanted.map(async ({ place, access }) => {
      if (place.life === 'live') return liveClaim(context, operationId, place.part, access, standing);
      if (place.life === 'beside')
        return { claim: await besideClaim(context, operationId, { part: place.part, access }), isShare: false };
      if (place.life === 'snapshot') return snapshotClaim(context, operationId, place.part, signal);
      const name = claimNameOf(place.life, place.operationId ?? operationId, place.part);
      const claim =
        standing.find(({ metadata }) => metadata?.name === name) ?? (await cluster.read(CLAIM, name, namespace));
      if (!claim) throw missing(place.part, `there is no claim ${name}`);
      return { claim, isShare: false };
    }),
  );
}

async function liveClaim(
  context: KubeContext,
  operationId: string,
  part: string,
  access: Access,
  standing: readonly V1PersistentVolumeClaim[],
): Promise<Found> {
  const { cluster, settings } = context;
  const claim = standing.find(
    (one) =>
      one.metadata?.labels?.[LABELS.managedBy] !== OURS &&
      partNameOf(one, settings.parts[one.metadata?.name ?? '']) === part,
  );
  const volumeName = claim?.spec?.volumeName;
  if (!claim || !volumeName) throw missing(part, 'its claim is gone or not bound');
  const volume = await cluster.read(VOLUME, volumeName);
  if (!volume) throw missing(part, `its volume ${volumeName} is gone`);
  if (nfsOf(volume) === undefined) return { claim, isShare: false };
  return { claim: await keepShare(context, operationId, part, volume, access), isShare: true };
}

/** Of storage in the cluster a claim made from it; of a filer its share, at the path where it shows the snapshot. */
async function snapshotClaim(
  context: KubeContext,
  operationId: string,
  part: string,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const noted = (await readSnapshots(context, operationId))?.filers.find((one) => one.part === part);
  if (!noted) return { claim: await openReader(context, operationId, part, signal), isShare: false };
  const volume = await context.cluster.read(VOLUME, noted.volume);
  if (!volume) throw missing(part, `its volume ${noted.volume} is gone`);
  const shown = withSharePath(volume, noted.path);
  return { claim: await keepShare(context, operationId, `${part}-snapshot`, shown, 'read'), isShare: true };
}

/** What holds a shared folder: the volume of its server in the workspace, else the folder of the file server around it. */
async function besideClaim(
  context: KubeContext,
  operationId: string,
  { part, access }: { readonly part: string; readonly access: Access },
): Promise<V1PersistentVolumeClaim> {
  const found = (await findParts(context)).parts.find(({ name }) => name === part);
  if (found?.backing) return found.backing.claim;
  const path = found?.nfs?.path;
  if (!found || path === undefined) throw missing(part, 'it is no folder of a file server');
  return keepShare(context, operationId, `${part}-beside`, withSharePath(found.volume, posix.dirname(path)), access);
}

function missing(part: string, why: string): OperationError {
  return new OperationError('part-missing', `The place of ${part} is not there: ${why}`);
}

/** A volume that only one node may have goes to the node of the pod that has it; free ones go anywhere. */
async function nodeOf(
  { cluster, namespace }: KubeContext,
  claims: readonly V1PersistentVolumeClaim[],
): Promise<string | undefined> {
  const single = claims.filter(
    ({ spec }) => !spec?.accessModes?.some((mode) => /^ReadWriteMany$|^ReadOnlyMany$/.test(mode)),
  );
  // Of what we make ourselves, nobody else has anything mounted.
  const names = new Set(single.filter(({ metadata }) => metadata?.labels?.[LABELS.managedBy] !== OURS).map(nameOf));
  if (names.size === 0) return undefined;
  const pods = await cluster.list(POD, { namespace, fields: 'status.phase!=Succeeded,status.phase!=Failed' });
  const nodes = pods
    .filter(({ spec }) => spec?.volumes?.some((one) => names.has(one.persistentVolumeClaim?.claimName ?? '')))
    .flatMap(({ spec }) => spec?.nodeName ?? []);
  const [node, other] = new Set(nodes);
  if (other === undefined) return node;
  const listed = [...names].sort().join(', ');
  throw new PortError('platform-unavailable', `The volumes ${listed} are held on two nodes, ${node} and ${other}`, {
    hint: 'No program can read both while services run. Capture them by snapshot, or one of them cold.',
  });
}

function nameOf({ metadata }: V1PersistentVolumeClaim): string {
  return metadata?.name ?? '';
}
