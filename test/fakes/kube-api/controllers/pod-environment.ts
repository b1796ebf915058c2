import { CONFIG_MAP, SECRET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { contentOf } from './pod-volumes.ts';
import type { World } from './world.ts';

type Container = Stored['spec']['containers'][number];

/** Its variables, with `$(NAME)` filled in. Throws when an object that is not optional is missing. */
export function environmentOf(world: World, pod: Stored, container: Container): Record<string, string> {
  const environment: Record<string, string> = {};
  const valuesOf = (ref: { name: string; optional?: boolean }, kind: typeof SECRET | typeof CONFIG_MAP) => {
    const object = world.store.get(kind, ref.name, pod.metadata.namespace);
    if (!object && !ref.optional) throw new Error(`${kind.kind.toLowerCase()} "${ref.name}" not found`);
    return contentOf(object);
  };
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const values = secretRef ? valuesOf(secretRef, SECRET) : valuesOf(configMapRef, CONFIG_MAP);
    for (const [key, value] of Object.entries(values)) environment[prefix + key] = value.toString();
  }
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const { secretKeyRef, configMapKeyRef, fieldRef } = valueFrom ?? {};
    const ref = secretKeyRef ?? configMapKeyRef;
    if (ref) {
      const found = valuesOf(ref, secretKeyRef ? SECRET : CONFIG_MAP)[ref.key];
      if (found === undefined && !ref.optional) throw new Error(`couldn't find key ${ref.key} in ${ref.name}`);
      if (found !== undefined) environment[name] = found.toString();
    } else if (fieldRef) environment[name] = fieldOf(pod, fieldRef.fieldPath);
    else environment[name] = fillIn(value, environment);
  }
  return environment;
}

/** `$(NAME)` of a known variable; `$$(NAME)` stays as `$(NAME)`. */
export function fillIn(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$?)\(([^)]+)\)/g, (whole, escaped: string, name: string) =>
    escaped ? `$(${name})` : (environment[name] ?? whole),
  );
}

function fieldOf(pod: Stored, path: string): string {
  const label = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (label) return pod.metadata[label[1] as 'labels' | 'annotations']?.[label[2] ?? ''] ?? '';
  const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], pod);
  return String(found ?? '');
}
