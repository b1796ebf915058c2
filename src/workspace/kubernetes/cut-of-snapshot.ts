import type { KubeContext } from './context.ts';
import { SNAPSHOT_CONTENT, type VolumeSnapshot, type VolumeSnapshotContent } from './kinds.ts';
import type { NotedSnapshot } from './snapshot-record.ts';
import { isHopeless } from './snapshot-trouble.ts';

export interface CutSight {
  readonly part: string;
  /** Present once the part is cut. */
  readonly takenAt?: string;
  /** What the driver said last. */
  readonly error?: string;
  /** Trying again would not help. */
  readonly isHopeless: boolean;
}

/**
 * Whether a snapshot is taken: its instant is `status.creationTime`, believed only when the content that is bound to it names
 * it in turn by its uid. Some drivers take it only when it can be used; the configuration says which.
 */
export async function cutOf(
  { cluster, settings }: KubeContext,
  { part, name, driver }: NotedSnapshot,
  found: readonly VolumeSnapshot[],
): Promise<CutSight> {
  const snapshot = found.find(({ metadata }) => metadata?.name === name);
  if (!snapshot || snapshot.metadata?.deletionTimestamp !== undefined) {
    return { part, isHopeless: true, error: 'somebody removed it' };
  }
  const { creationTime, boundVolumeSnapshotContentName: bound, readyToUse, error } = snapshot.status ?? {};
  const message = error?.message;
  const told = message === undefined ? {} : { error: message };
  const lost = isHopeless(message);
  const waits = settings.cutAt[driver] === 'readyToUse' && readyToUse !== true;
  if (creationTime === undefined || bound === undefined || waits) return { part, isHopeless: lost, ...told };
  const content = await cluster.read(SNAPSHOT_CONTENT, bound);
  if (content === undefined) return { part, isHopeless: false, ...told };
  if (!belongs(content, snapshot)) {
    return { part, isHopeless: true, error: `the content ${bound} that it is bound to belongs to another snapshot` };
  }
  return { part, takenAt: new Date(creationTime).toISOString(), isHopeless: false };
}

function belongs({ spec }: VolumeSnapshotContent, { metadata }: VolumeSnapshot): boolean {
  const { name, namespace, uid } = spec.volumeSnapshotRef;
  return name === metadata?.name && namespace === metadata?.namespace && uid === metadata?.uid;
}
