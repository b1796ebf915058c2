import type { Kind } from './kinds.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the API keeps objects of a kind, or one of them, with its query. */
export function addressOf(
  kind: Pick<Kind, 'apiVersion' | 'plural' | 'namespaced'>,
  where: { readonly namespace?: string | undefined; readonly name?: string | undefined } = {},
  query: Query = {},
): string {
  const words = [versionAddress(kind.apiVersion)];
  if (kind.namespaced && where.namespace !== undefined) words.push('namespaces', encodeURIComponent(where.namespace));
  words.push(kind.plural);
  if (where.name !== undefined) words.push(encodeURIComponent(where.name));
  return withQuery(words.join('/'), query);
}

export function versionAddress(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)]))}`;
}
