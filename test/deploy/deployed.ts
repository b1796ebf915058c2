import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { V1PolicyRule } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import type { GrantedRule } from '../fakes/kube-api/access.ts';

export const DEPLOY = resolve(import.meta.dirname, '../../deploy');

export interface Kustomization {
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
}

export interface Deployed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly V1PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export function kustomizationIn(folder: string): Kustomization {
  return parse(readFileSync(join(DEPLOY, folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
}

/** Every object that `kubectl apply -k` of these folders makes, for a workspace in this namespace. */
export function deployedFrom(folders: readonly string[], namespace = 'my-workspace'): Deployed[] {
  return folders.flatMap((folder) => {
    const { namespace: own, resources = [], components = [] } = kustomizationIn(folder);
    return [...resources, ...components].flatMap((name): Deployed[] => {
      if (!name.endsWith('.yaml')) return deployedFrom([join(folder, name)], namespace);
      const text = readFileSync(join(DEPLOY, folder, name), 'utf8').replaceAll('my-workspace', namespace);
      const objects = parseAllDocuments(text).map((document) => document.toJS() as Deployed);
      const space = own?.replaceAll('my-workspace', namespace);
      return objects.map((object) => ({
        ...object,
        metadata: { ...(space && { namespace: space }), ...object.metadata },
      }));
    });
  });
}

/** What an account may do once these objects are there. */
export function grantedTo(account: string, objects: readonly Deployed[]): GrantedRule[] {
  const roles = (kind: string, name: string, namespace: string | undefined) =>
    objects.filter(
      (one) =>
        one.kind === kind &&
        one.metadata.name === name &&
        (kind === 'ClusterRole' || one.metadata.namespace === namespace),
    );
  return objects
    .filter(({ subjects }) => subjects?.some((one) => `${one.namespace}/${one.name}` === account))
    .flatMap(({ kind, roleRef, metadata: { namespace } }) => {
      const found = roles(roleRef?.kind ?? '', roleRef?.name ?? '', namespace);
      if (found.length !== 1) throw new Error(`${roleRef?.kind} ${roleRef?.name} is there ${found.length} times`);
      const rules = found[0]?.rules ?? [];
      return rules.map((rule) => (kind === 'RoleBinding' && namespace ? { namespace, rule } : { rule }));
    });
}
