import type { V1StorageClass } from '@kubernetes/client-node';
import type { FoundPart } from './found.ts';
import type { KubernetesSettings } from './settings.ts';

/** A folder of a file server beside which others may be made. */
export function isSibling({ claim, backing, nfs }: FoundPart, { parts }: KubernetesSettings): boolean {
  return backing === undefined && nfs !== undefined && parts[claim.metadata?.name ?? '']?.beside === true;
}

/** Why nothing can be built beside a live part, so that it is restored in place; undefined where it can. */
export function whyNotBeside(
  part: FoundPart,
  classes: readonly V1StorageClass[],
  settings: KubernetesSettings,
): string | undefined {
  const { claim, backing, name } = part;
  if (isSibling(part, settings)) return undefined;
  if (settings.parts[claim.metadata?.name ?? '']?.beside === false) return `${name} is configured so`;
  if (backing?.within.includes('/')) return `the volume of ${name} holds more than its files`;
  if (backing && part.capture === 'two-pass') return `the server of ${name} stays up to be read from`;
  const wanted = (backing?.claim ?? claim).spec?.storageClassName;
  const found = classes.find(({ metadata }) => metadata?.name === wanted);
  if (found === undefined) return `no storage class makes another volume like that of ${name}`;
  const isManual = found.provisioner === 'kubernetes.io/no-provisioner';
  return isManual ? `volumes of the class ${wanted} are made by hand` : undefined;
}
