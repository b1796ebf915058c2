import { parkVolume } from './bind-claim.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { type KnownVolumes, readKnownVolumes, writeKnownVolumes } from './known-data.ts';
import { claimNameOf, LABELS, NOTES, OURS } from './names.ts';
import { markUnserved } from './served.ts';
import { type ClaimSwap, forgetSwap, type SwapRecord } from './swap-record.ts';

/** Ours, of this operation and part. */
export function volumeLabels({ workspace }: KubeContext, operationId: string, part: string, role: string) {
  return {
    ...{ [LABELS.managedBy]: OURS, [LABELS.workspace]: workspace, [LABELS.operation]: operationId },
    ...{ [LABELS.role]: role, [LABELS.part]: part },
  };
}

/** Takes them off a volume that belongs to the workspace from here on. */
export const NOT_OURS = Object.fromEntries(
  [LABELS.managedBy, LABELS.workspace, LABELS.operation, LABELS.role, LABELS.part].map((label) => [label, null]),
);

/**
 * Ends a swap whose every part is the previous one: what was staged waits for its operation's release, or stays with the
 * operation that displaced it. The record goes last: it is what tells an earlier life how far it came.
 */
export async function giveUpSwap(context: KubeContext, record: SwapRecord): Promise<void> {
  const { operationId, undoes, parts } = record;
  const known = await readKnownVolumes(context, operationId);
  const before: KnownVolumes = {};
  for (const { claim, previous } of parts) before[claim] = [previous.uid];
  if (known) await writeKnownVolumes(context, operationId, { ...known, ...before });
  await Promise.all(
    parts.map(async (part) => {
      await giveUpStaged(context, operationId, undoes, part);
      await patchVolume(context, part.previous, { annotations: { [NOTES.swap]: null } });
    }),
  );
  await markUnserved(context, operationId);
  await forgetSwap(context, operationId);
}

async function giveUpStaged(
  context: KubeContext,
  operationId: string,
  undoes: string | undefined,
  { part, staged }: ClaimSwap,
): Promise<void> {
  const { cluster, namespace } = context;
  const own = staged.claim && (await cluster.read(CLAIM, staged.claim.name, namespace));
  const isBound = own !== undefined && own.metadata?.uid === staged.claim?.uid;
  const labels = undoes === undefined ? { labels: volumeLabels(context, operationId, part, 'staged') } : {};
  const isThere = await patchVolume(context, staged, { ...labels, annotations: { [NOTES.swap]: null } });
  if (isBound || !isThere) return;
  const life = undoes === undefined ? 'staged' : 'displaced';
  await parkVolume(context, staged, claimNameOf(life, undoes ?? operationId, part));
}

/** False when the volume is gone. */
export async function patchVolume(
  { cluster }: KubeContext,
  { volume, uid }: { readonly volume: string; readonly uid: string },
  metadata: object,
): Promise<boolean> {
  if ((await cluster.read(VOLUME, volume))?.metadata?.uid !== uid) return false;
  try {
    await cluster.patch(VOLUME, volume, undefined, { metadata: { ...metadata, uid } });
    return true;
  } catch (error) {
    if (!isRefusal(error, 'NotFound')) throw error;
    return false;
  }
}
