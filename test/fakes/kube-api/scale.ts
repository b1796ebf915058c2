import type { Stored } from './store.ts';

/** The `scale` of an object; nothing stands for 0 in its spec, as the real one leaves it out. */
export function readScale({ metadata, spec = {}, status = {} }: Stored): Stored {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = Object.entries((spec.selector?.matchLabels ?? {}) as Record<string, string>);
  const selector = labels.map(([key, value]) => `${key}=${value}`).join(',');
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as Stored['metadata'],
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status.replicas ?? 0, selector },
  };
}

export function writeScale(standing: Stored, scale: Stored): Stored {
  return {
    ...standing,
    metadata: {
      ...standing.metadata,
      resourceVersion: scale.metadata.resourceVersion ?? standing.metadata.resourceVersion,
    },
    spec: { ...standing.spec, replicas: scale.spec?.replicas ?? 0 },
  };
}
