import type { V1StorageClass } from '@kubernetes/client-node';
import type { FoundPart } from './found.ts';

/** Why nothing can be built beside a live part, so that it is restored in place; undefined where it can. */
export function whyNotBeside(part: FoundPart, classes: readonly V1StorageClass[]): string | undefined {
  const { claim, backing, name } = part;
  if (backing && backing.within !== '') return `the volume of ${name} holds more than its files`;
  if (backing && part.capture === 'two-pass') return `the server of ${name} stays up to be read from`;
  const wanted = (backing?.claim ?? claim).spec?.storageClassName;
  const found = classes.find(({ metadata }) => metadata?.name === wanted);
  if (found === undefined) return `no storage class makes another volume like that of ${name}`;
  const isManual = found.provisioner === 'kubernetes.io/no-provisioner';
  return isManual ? `volumes of the class ${wanted} are made by hand` : undefined;
}
