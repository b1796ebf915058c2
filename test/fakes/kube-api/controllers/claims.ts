import type { Stored } from '../store.ts';

/** Claims that a pod mounts, those made for it alone included. */
export function claimNamesOf(pod: Stored): string[] {
  const volumes: { name: string; persistentVolumeClaim?: { claimName: string }; ephemeral?: object }[] =
    pod.spec?.volumes ?? [];
  return volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }) => [
    ...(persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []),
    ...(ephemeral ? [`${pod.metadata.name}-${name}`] : []),
  ]);
}

/** As one object names another. */
export function referenceTo({ apiVersion, kind, metadata }: Stored): object {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind, namespace, name, uid, apiVersion, resourceVersion };
}

/** The volume is reserved for this claim, or bound to it. */
export function holdsFor({ spec }: Stored, { metadata }: Stored): boolean {
  const { name, namespace, uid } = spec.claimRef ?? {};
  return name === metadata.name && namespace === metadata.namespace && (!uid || uid === metadata.uid);
}
