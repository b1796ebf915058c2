import type { KubernetesObject } from '@kubernetes/client-node';
import { z } from 'zod';
import type { DefinedObject } from './definition.ts';
import { type LedgerEntry, type Ran, readRan, writeRan } from './ledger.ts';
import { NOTES } from './names.ts';
import { askFor } from './running.ts';

const SERVICES = new Set(['Deployment', 'StatefulSet', 'CronJob']);
const spec = z.looseObject({
  replicas: z.number().optional(),
  suspend: z.boolean().optional(),
  persistentVolumeClaimRetentionPolicy: z.looseObject({}).optional(),
});

export function isService({ kind }: { readonly kind: string }): boolean {
  return SERVICES.has(kind);
}

/** A service that we stopped stands in a definition as it ran, by the note on it. */
export function asItRan(defined: DefinedObject, standing: KubernetesObject): DefinedObject {
  if (!isService(defined)) return defined;
  const noted = readRan(standing);
  if (!noted) return defined;
  return { ...defined, spec: { ...spec.parse(defined.spec), ...ranWith(defined, noted) } };
}

function ranWith({ kind, spec: standing }: DefinedObject, { replicas, whenScaled }: Ran): object {
  const policy = spec.parse(standing).persistentVolumeClaimRetentionPolicy;
  return {
    ...askFor(kind as LedgerEntry['kind'], replicas),
    ...(whenScaled ? { persistentVolumeClaimRetentionPolicy: { ...policy, whenScaled } } : {}),
  };
}

/** How many a definition asks for; a CronJob that is not suspended counts 1, as in the ledger. */
export function askedBy({ kind, spec: wanted }: DefinedObject): number {
  const { replicas = 1, suspend = false } = spec.parse(wanted ?? {});
  return kind === 'CronJob' ? Number(!suspend) : replicas;
}

/** Of a service while services are down: it asks for nothing, and carries the note of what it will be started with. */
export function asStopped(defined: DefinedObject, entry: LedgerEntry): DefinedObject {
  const { metadata } = defined;
  const annotations = z.record(z.string(), z.string()).catch({}).parse(metadata.annotations);
  const { replicas: _, suspend: __, ...rest } = spec.parse(defined.spec);
  const policy = entry.whenScaled
    ? { persistentVolumeClaimRetentionPolicy: { ...rest.persistentVolumeClaimRetentionPolicy, whenScaled: 'Retain' } }
    : {};
  return {
    ...defined,
    metadata: { ...metadata, annotations: { ...annotations, [NOTES.ran]: writeRan(entry) } },
    spec: { ...rest, ...askFor(entry.kind, 0), ...policy },
  };
}
