import { removeClaim } from './bind-claim.ts';
import type { KubeContext } from './context.ts';
import { dropVolume, mayGo } from './drop-volume.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { patchVolume, volumeLabels } from './settle-volumes.ts';

/** Removes the staged or scratch places of an operation with their bytes; whatever the class says of what becomes of them. */
export async function dropPlaces(context: KubeContext, operationId: string, role: 'staged' | 'scratch'): Promise<void> {
  const { cluster, namespace, workspace } = context;
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role}=${role}`;
  const claims = await cluster.list(CLAIM, { namespace, labels });
  await Promise.all(
    claims.map(async ({ metadata, spec }) => {
      const volume = spec?.volumeName ? await cluster.read(VOLUME, spec.volumeName) : undefined;
      const { uid = '' } = volume?.metadata ?? {};
      if (volume) {
        // Found again by them, should we die once its claim is gone.
        const part = metadata?.labels?.[LABELS.part] ?? '';
        const ours = { labels: volumeLabels(context, operationId, part, role) };
        if (await patchVolume(context, { volume: volume.metadata?.name ?? '', uid }, ours))
          await mayGo(context, volume);
      }
      await removeClaim(context, metadata?.name ?? '', metadata?.uid ?? '');
    }),
  );
  const volumes = await cluster.list(VOLUME, { labels });
  await Promise.all(
    volumes.map(({ metadata }) => dropVolume(context, { volume: metadata?.name ?? '', uid: metadata?.uid ?? '' })),
  );
}
