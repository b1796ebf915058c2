import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { partName } from '../../records/workspace.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { LABELS, LEAVE_LABEL, OURS, objectName, placePath } from './names.ts';
import { chooseCapture } from './possible-captures.ts';
import { readStorage, type Storage } from './read-storage.ts';
import type { KubernetesSettings } from './settings.ts';
import { nfsOf, shareOf } from './share-of.ts';
import { findShareServer } from './share-server.ts';
import { type UsableClass, usableClassOf } from './snapshot-class.ts';

interface Named {
  readonly name: string;
  readonly reason: string;
}

export interface FoundParts {
  readonly parts: readonly FoundPart[];
  readonly leftOut: readonly Named[];
  /** What the configuration names, or a service needs, and is not there. */
  readonly missing: readonly Named[];
  /** How many claims of sessions stand in the workspace's own namespace. */
  readonly ofSessions: number;
}

type PartSettings = KubernetesSettings['parts'][string];

/** A filer's own snapshots, shown inside of what it exports: not the workspace's data, and without end. */
const FILER_SNAPSHOTS = '.snapshot';

/** Volumes and shared folders of the workspace: the bound claims of its namespace, except those of sessions and ours. */
export async function findParts(context: KubeContext, seen?: Storage): Promise<FoundParts> {
  const storage = seen ?? (await readStorage(context));
  const { parts: configured } = context.settings;
  const parts: FoundPart[] = [];
  const leftOut: Named[] = [];
  const missing: Named[] = [];
  for (const claim of storage.claims.filter((one) => !isOurs(one) && !isOfSession(one))) {
    const name = partNameOf(claim, configured[nameOf(claim)]);
    const reason = whyLeftOut(claim, configured[nameOf(claim)]);
    const volume = storage.volumes.get(claim.spec?.volumeName ?? '');
    if (reason !== undefined) leftOut.push({ name, reason });
    else if (!claim.spec?.volumeName && !isAwaited(claim, storage))
      leftOut.push({ name, reason: 'nobody mounts it and no volume was ever bound to its claim' });
    else if (volume === undefined || claim.status?.phase === 'Lost')
      missing.push({ name, reason: `its claim has no volume (${claim.spec?.volumeName ?? claim.status?.phase})` });
    else parts.push(describe(context, storage, claim, volume));
  }
  for (const [claim, { name = claim, leaveOut }] of Object.entries(configured)) {
    if (leaveOut === undefined && !storage.claims.some((one) => nameOf(one) === claim))
      missing.push({ name, reason: `there is no claim ${claim} in ${context.namespace}` });
  }
  // The volume behind a served folder is captured as that folder.
  const behind = new Set(parts.flatMap(({ backing }) => (backing ? [nameOf(backing.claim)] : [])));
  return {
    parts: assertNamedOnce(parts.filter(({ claim }) => !behind.has(nameOf(claim)))),
    ...{ leftOut, missing },
    ofSessions: storage.claims.filter(isOfSession).length,
  };
}

function describe(
  { settings }: KubeContext,
  storage: Storage,
  claim: V1PersistentVolumeClaim,
  volume: V1PersistentVolume,
): FoundPart {
  const configured = settings.parts[nameOf(claim)];
  const name = partNameOf(claim, configured);
  const kind = isShared(claim) ? 'shared-folder' : 'volume';
  const backing = kind === 'volume' ? undefined : findBacking(storage, claim, volume);
  const nfs = backing ? undefined : nfsOf(volume);
  const driver = (backing?.volume ?? volume).spec?.csi?.driver;
  const snapshots = driver === undefined ? undefined : snapshotsOf(driver, nfs !== undefined, storage, settings);
  const choice = chooseCapture({
    claim,
    snapshots,
    filer: configured?.snapshot === undefined ? undefined : { isShare: nfs !== undefined },
    wished: configured?.capture,
  });
  return {
    name,
    kind,
    location:
      configured?.location ?? (kind === 'volume' || backing || !isExternal(claim, volume) ? 'internal' : 'external'),
    claim,
    volume,
    ...(backing === undefined ? {} : { backing }),
    ...(driver === undefined ? {} : { driver }),
    ...(nfs === undefined || configured?.snapshot === undefined ? {} : { filer: configured.snapshot }),
    ...(nfsOf(volume) === undefined ? {} : { nfs: nfsOf(volume) as NonNullable<FoundPart['nfs']> }),
    ...choice,
    exclude: [...(configured?.exclude ?? []), ...(nfs === undefined ? [] : [FILER_SNAPSHOTS])].flatMap((below) => [
      `${placePath({ life: 'live', part: name })}/${below}`,
      `${placePath({ life: 'snapshot', part: name })}/${below}`,
    ]),
  };
}

function findBacking(
  storage: Storage,
  claim: V1PersistentVolumeClaim,
  volume: V1PersistentVolume,
): FoundPart['backing'] {
  const served = findShareServer(claim, volume, storage);
  const behind = storage.claims.find((one) => nameOf(one) === served?.claim);
  const bytes = storage.volumes.get(behind?.spec?.volumeName ?? '');
  if (!served || !behind || !bytes || isShared(behind)) return undefined;
  return { claim: behind, volume: bytes, server: served.server, within: served.within };
}

/** A driver of NFS packs the whole tree into an archive: only when somebody configured a class for it. */
function snapshotsOf(
  driver: string,
  isNfs: boolean,
  storage: Storage,
  settings: KubernetesSettings,
): UsableClass | undefined {
  if (isNfs && settings.snapshotClasses[driver] === undefined) return undefined;
  return usableClassOf(driver, storage.snapshotClasses, settings);
}

/**
 * An empty class and a volume that is kept is what people make by hand for a filer of their own (cloudera.md 4.4); a driver's
 * NFS share is one too. Everything else is made by storage of the cluster.
 */
function isExternal(claim: V1PersistentVolumeClaim, volume: V1PersistentVolume): boolean {
  if (nfsOf(volume)) return true;
  const isMadeByHand = (claim.spec?.storageClassName ?? '') === '' && shareOf(volume) === undefined;
  return isMadeByHand && volume.spec?.persistentVolumeReclaimPolicy === 'Retain';
}

function whyLeftOut({ metadata }: V1PersistentVolumeClaim, configured: PartSettings | undefined): string | undefined {
  if (configured?.leaveOut !== undefined) return configured.leaveOut;
  if (metadata?.labels?.[LEAVE_LABEL] === 'true') return `its claim is labelled ${LEAVE_LABEL}`;
  return undefined;
}

/** A service that is to run needs it. */
function isAwaited(claim: V1PersistentVolumeClaim, { workloads }: Storage): boolean {
  return workloads.some(({ metadata, spec }) => {
    if ((spec?.replicas ?? 1) === 0) return false;
    const made = spec && 'volumeClaimTemplates' in spec ? (spec.volumeClaimTemplates ?? []) : [];
    const isMade = made.some((one) => new RegExp(`^${one.metadata?.name}-${metadata?.name}-\\d+$`).test(nameOf(claim)));
    const mounted = spec?.template.spec?.volumes?.map((volume) => volume.persistentVolumeClaim?.claimName);
    return isMade || mounted?.includes(nameOf(claim));
  });
}

/** Of one session, in a user's namespace as a rule: eight hex digits. Source: reference/cloudera.md 4.4. */
export function isOfSession(claim: V1PersistentVolumeClaim): boolean {
  return /^[0-9a-f]{8}$/.test(nameOf(claim)) && isShared(claim);
}

function isShared({ spec }: V1PersistentVolumeClaim): boolean {
  return ['ReadWriteMany', 'ReadOnlyMany'].some((mode) => spec?.accessModes?.includes(mode));
}

/** Claims may have longer names than parts. */
export function partNameOf(claim: V1PersistentVolumeClaim, configured: PartSettings | undefined): string {
  return configured?.name ?? (partName.safeParse(nameOf(claim)).success ? nameOf(claim) : objectName(nameOf(claim)));
}

function isOurs({ metadata }: V1PersistentVolumeClaim): boolean {
  return metadata?.labels?.[LABELS.managedBy] === OURS;
}

function nameOf({ metadata }: V1PersistentVolumeClaim): string {
  return metadata?.name ?? '';
}

function assertNamedOnce(parts: FoundPart[]): FoundPart[] {
  const twice = parts.find((part, at) => parts.findIndex(({ name }) => name === part.name) !== at);
  if (!twice) return parts;
  throw new OperationError('preflight-failed', `Two claims are configured as the part ${twice.name}.`, {
    hint: 'Give each its own name in the configuration (platform.parts).',
  });
}
