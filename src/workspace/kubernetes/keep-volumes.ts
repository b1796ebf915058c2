import type { V1PersistentVolume } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { NOTES } from './names.ts';

const TRIES = 10;

/**
 * Whatever happens to a claim from here on, its volume stays: every captured volume is set to Retain and read back.
 * @throws OperationError `preflight-failed` when one does not take it.
 */
export async function keepVolumes(context: KubeContext, parts: readonly FoundPart[]): Promise<void> {
  const volumes = parts.flatMap(({ volume, backing }) => [volume, ...(backing ? [backing.volume] : [])]);
  const names = new Set(volumes.map(({ metadata }) => metadata?.name ?? ''));
  await Promise.all([...names].map((name) => keepVolume(context, name)));
}

/** @throws OperationError `preflight-failed` when it does not take it. */
export async function keepVolume({ cluster }: KubeContext, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const volume = await cluster.read(VOLUME, name);
    const policy = volume?.spec?.persistentVolumeReclaimPolicy;
    if (policy === 'Retain') return;
    if (volume === undefined || tries === TRIES) throw willNotKeep(name);
    const before = volume.metadata?.annotations?.[NOTES.reclaim] ?? policy;
    const metadata = {
      resourceVersion: volume.metadata?.resourceVersion,
      annotations: { [NOTES.reclaim]: before },
    };
    try {
      await cluster.patch(VOLUME, name, undefined, { metadata, spec: { persistentVolumeReclaimPolicy: 'Retain' } });
    } catch (cause) {
      if (!isRefusal(cause, 'Conflict')) throw cause;
    }
    // The next turn reads it back.
  }
}

function willNotKeep(name: string): OperationError {
  return new OperationError(
    'preflight-failed',
    `The volume ${name} cannot be set to be kept when its claim is removed.`,
    {
      hint: 'set its persistentVolumeReclaimPolicy to Retain by hand; nothing was stopped',
    },
  );
}

/**
 * Gives the volumes of the workspace the reclaim policy that they had. One that is part of a swap is left: it is kept until
 * that is over.
 */
export async function giveBackReclaim(context: KubeContext): Promise<void> {
  const { cluster, namespace } = context;
  const claims = await cluster.list(CLAIM, { namespace });
  await Promise.all(
    claims.map(async ({ spec }) => {
      const volume = spec?.volumeName ? await cluster.read(VOLUME, spec.volumeName) : undefined;
      if (volume !== undefined) await giveBack(context, volume);
    }),
  );
}

async function giveBack(context: KubeContext, { metadata, spec }: V1PersistentVolume): Promise<void> {
  const before = metadata?.annotations?.[NOTES.reclaim];
  if (before === undefined || metadata?.annotations?.[NOTES.swap] !== undefined) return;
  // Somebody who set another policy meanwhile meant it.
  const isOurs = spec?.persistentVolumeReclaimPolicy === 'Retain';
  try {
    await context.cluster.patch(VOLUME, metadata?.name ?? '', undefined, {
      metadata: { resourceVersion: metadata?.resourceVersion, annotations: { [NOTES.reclaim]: null } },
      ...(isOurs ? { spec: { persistentVolumeReclaimPolicy: before } } : {}),
    });
  } catch (cause) {
    if (!isRefusal(cause, 'Conflict')) throw cause;
    const volume = await context.cluster.read(VOLUME, metadata?.name ?? '');
    if (volume) await giveBack(context, volume);
  }
}
