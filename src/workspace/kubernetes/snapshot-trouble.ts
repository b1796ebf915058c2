import type { KubeContext } from './context.ts';
import { EVENT, type VolumeSnapshot } from './kinds.ts';
import { unlessForbidden } from './unless-forbidden.ts';

/**
 * What never heals by itself. Drivers say it in words of their own; what is not known here is waited for until the deadline.
 * Sources: reference/backup-anchors.md D1 (fail-fast list), external-snapshotter pkg/common-controller.
 */
const HOPELESS = [
  /snapshot class .*not found|failed to (get|retrieve) snapshot class/i,
  /not supported|unimplemented|does not support/i,
  /driver name .* does(n't| not) match|no csi driver|is not a csi/i,
  /cannot get claim from snapshot|persistentvolumeclaim .*not found/i,
  /(quota|limit).*exceeded|exceeded quota/i,
  /volume .*not (found|exist)/i,
  /default snapshot class/i,
];

/** Of a snapshot that was taken already: it was lost while it was made usable. */
const LOST = /snapshot .*(not (found|exist)|was deleted)/i;

/** Whether trying again would not help. */
export function isHopeless(message: string | undefined, { isTaken = false } = {}): boolean {
  if (message === undefined) return false;
  return HOPELESS.some((pattern) => pattern.test(message)) || (isTaken && LOST.test(message));
}

/** Why a snapshot does not come on, in the words of its driver, else of the last warning about it. */
export async function whyNotYet(
  { cluster, namespace }: KubeContext,
  snapshot: VolumeSnapshot | undefined,
): Promise<string | undefined> {
  const { uid } = snapshot?.metadata ?? {};
  const told = snapshot?.status?.error?.message;
  if (told !== undefined || uid === undefined) return told;
  const fields = `involvedObject.uid=${uid},type=Warning`;
  const warnings = (await unlessForbidden(cluster.list(EVENT, { namespace, fields }))) ?? [];
  return warnings.at(-1)?.message;
}
