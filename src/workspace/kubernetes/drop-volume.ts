import type { V1PersistentVolume } from '@kubernetes/client-node';
import { OperationError, PortError } from '../../errors.ts';
import { parkVolume } from './bind-claim.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { NOTES } from './names.ts';
import { dropFolder } from './sibling-share.ts';

/** Written by whoever makes volumes, who then also removes their bytes. */
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** Some drivers take their time; nobody waits for ever. */
const GONE_WITHIN_MS = 120_000;

/**
 * Removes a volume that nobody has a claim on, and its bytes: its driver does that when it is Released and not to be kept.
 * Removing the object instead would leave the bytes. Nothing when it is gone already.
 * @throws OperationError `unknown-data` when a claim is bound to it; PortError (retryable) while it is still there.
 */
export async function dropVolume(context: KubeContext, { volume, uid }: { volume: string; uid: string }) {
  const { cluster } = context;
  const standing = await cluster.read(VOLUME, volume);
  if (standing?.metadata?.uid !== uid) return;
  const claim = await holderOf(context, standing);
  if (claim !== undefined)
    throw new OperationError('unknown-data', `The volume ${volume} is not dropped: the claim ${claim} is bound to it.`);
  try {
    if (standing.spec?.claimRef?.uid === undefined) await parkVolume(context, { volume, uid }, 'cml-dropped');
    await mayGo(context, standing);
    if (standing.metadata?.annotations?.[PROVISIONED_BY] === undefined) {
      await dropFolder(context, standing);
      await cluster.remove(VOLUME, volume, undefined, { uid });
    }
  } catch (cause) {
    if (!isRefusal(cause, 'NotFound')) throw cause;
  }
  const look = (found: readonly V1PersistentVolume[]) =>
    found.some(({ metadata }) => metadata?.uid === uid) ? undefined : true;
  const late = () =>
    new PortError('platform-unavailable', `The volume ${volume} is still there after two minutes`, {
      retryable: true,
      hint: `look at what its driver says: kubectl describe pv ${volume}`,
    });
  await cluster.follow(VOLUME, { fields: `metadata.name=${volume}` }, look, { withinMs: GONE_WITHIN_MS, late });
}

/** With its claim, as soon as that is gone. */
export async function mayGo({ cluster }: KubeContext, { metadata }: V1PersistentVolume): Promise<void> {
  await cluster.patch(VOLUME, metadata?.name ?? '', undefined, {
    metadata: { uid: metadata?.uid, annotations: { [NOTES.swap]: null, [NOTES.reclaim]: null } },
    spec: { persistentVolumeReclaimPolicy: 'Delete' },
  });
}

/** The claim that is really bound to it, if any. */
async function holderOf({ cluster }: KubeContext, { spec, metadata }: V1PersistentVolume): Promise<string | undefined> {
  const { name = '', namespace = '', uid } = spec?.claimRef ?? {};
  const claim = name === '' ? undefined : await cluster.read(CLAIM, name, namespace);
  const isBound = claim !== undefined && (claim.metadata?.uid === uid || claim.spec?.volumeName === metadata?.name);
  return isBound ? `${namespace}/${name}` : undefined;
}
