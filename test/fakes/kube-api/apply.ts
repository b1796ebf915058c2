import { isDeepStrictEqual } from 'node:util';
import { isTree, keyOfList, strategicPatch } from './patch.ts';
import { Refused, type Stored } from './store.ts';

type Tree = Record<string, unknown>;
interface Entry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time: string;
  fieldsType: 'FieldsV1';
  fieldsV1: Tree;
}
/** `f:spec`, `f:replicas`: the words of FieldsV1, joined. */
type Path = string;

const UNOWNED = new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
]);
for (const word of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'managedFields', 'selfLink']) UNOWNED.add(word);

/** Who wrote what is kept for what a request of a writer changed, status left out. */
export function track(standing: Stored | undefined, next: Stored, manager: string, now: string): void {
  const present = pathsOf(standing);
  const changed = [...pathsOf(next)].filter(([path, value]) => !isDeepStrictEqual(present.get(path), value));
  if (changed.length === 0) return;
  const paths = changed.map(([path]) => path);
  const entries = entriesOf(next).map((entry) =>
    withPaths(
      entry,
      [...pathsIn(entry)].filter((path) => !paths.includes(path)),
    ),
  );
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Update');
  const all = [...(own ? pathsIn(own) : []), ...paths];
  setEntries(next, [
    ...entries.filter((entry) => entry !== own),
    entryOf({ manager, operation: 'Update', apiVersion: next.apiVersion ?? '', time: now }, all),
  ]);
}

/** @throws Refused 409 when another owns a field that would change, unless forced. */
export function applied(
  standing: Stored | undefined,
  wish: Tree,
  { manager, force, now }: { readonly manager: string; readonly force: boolean; readonly now: string },
): Stored {
  const wanted = pathsOf(wish);
  const present = pathsOf(standing);
  const entries = standing ? entriesOf(standing) : [];
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply');
  const others = entries.filter((entry) => entry !== own);
  const differs = (path: Path) => wanted.has(path) && !isDeepStrictEqual(wanted.get(path), present.get(path));
  const conflicts = others.flatMap((entry) => [...pathsIn(entry)].filter(differs).map((path) => ({ entry, path })));
  if (conflicts.length > 0 && !force) throw conflictOf(conflicts);
  const merged = strategicPatch(standing ?? {}, wish) as Stored;
  const kept = others.map((entry) =>
    withPaths(
      entry,
      [...pathsIn(entry)].filter((path) => !differs(path)),
    ),
  );
  for (const path of own ? pathsIn(own) : []) {
    if (!wanted.has(path) && !kept.some((entry) => pathsIn(entry).has(path))) drop(merged, path.split('\n'));
  }
  const mine = { manager, operation: 'Apply', apiVersion: String(wish.apiVersion), time: now } as const;
  const next = entryOf(own && isDeepStrictEqual([...pathsIn(own)].sort(), [...wanted.keys()].sort()) ? own : mine, [
    ...wanted.keys(),
  ]);
  setEntries(merged, [...kept, next]);
  return merged;
}

function conflictOf(conflicts: readonly { entry: Entry; path: Path }[]): Refused {
  const said = conflicts.map(({ entry, path }) => ({ manager: entry.manager, field: fieldOf(path) }));
  const message = `Apply failed with ${said.length} conflict${said.length > 1 ? 's' : ''}: ${said
    .map(({ manager, field }) => `conflict with "${manager}": ${field}`)
    .join('\n- ')}`;
  const causes = said.map(({ manager, field }) => ({
    ...{ reason: 'FieldManagerConflict', message: `conflict with "${manager}"`, field },
  }));
  return new Refused(409, 'Conflict', message, { causes });
}

function fieldOf(path: Path): string {
  return path
    .split('\n')
    .map((word) => (word.startsWith('f:') ? `.${word.slice(2)}` : `[${word.slice(3, -1).replaceAll('"', '')}]`))
    .join('');
}

/** Leaves, by path; what the server itself fills in and status belong to nobody here. */
function pathsOf(object: unknown): Map<Path, unknown> {
  const found = new Map<Path, unknown>();
  if (!isTree(object)) return found;
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind' || key === 'status') continue;
    if (key !== 'metadata' || !isTree(value)) collect(value, [`f:${key}`], key, found);
    else
      for (const [word, below] of Object.entries(value)) {
        if (!UNOWNED.has(word)) collect(below, ['f:metadata', `f:${word}`], word, found);
      }
  }
  return found;
}

function collect(value: unknown, path: readonly string[], field: string, found: Map<Path, unknown>): void {
  if (isTree(value) && Object.keys(value).length > 0) {
    for (const [key, below] of Object.entries(value)) collect(below, [...path, `f:${key}`], key, found);
    return;
  }
  const key = Array.isArray(value) && value.length > 0 ? keyOfList(field, value) : undefined;
  if (key === undefined || !Array.isArray(value)) {
    found.set(path.join('\n'), value);
    return;
  }
  for (const item of value as Tree[]) collect(item, [...path, `k:${JSON.stringify({ [key]: item[key] })}`], '', found);
}

function drop(object: unknown, path: readonly string[]): void {
  const [word = '', ...rest] = path;
  if (word.startsWith('k:') && Array.isArray(object)) {
    const key = JSON.parse(word.slice(2)) as Tree;
    const at = object.findIndex((item) =>
      Object.entries(key).every(([name, value]) => isTree(item) && item[name] === value),
    );
    if (at < 0) return;
    drop(object[at], rest);
    if (Object.keys(object[at] as Tree).every((name) => name in key) && rest.length > 0) object.splice(at, 1);
    return;
  }
  if (!isTree(object)) return;
  const name = word.slice(2);
  if (rest.length === 0) {
    delete object[name];
    return;
  }
  drop(object[name], rest);
}

function entriesOf(object: Stored): Entry[] {
  return structuredClone((object.metadata.managedFields ?? []) as unknown as Entry[]);
}

function setEntries(object: Stored, entries: readonly Entry[]): void {
  const kept = entries.filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0);
  object.metadata.managedFields = kept as unknown as NonNullable<Stored['metadata']['managedFields']>;
}

function entryOf(head: Pick<Entry, 'manager' | 'operation' | 'apiVersion' | 'time'>, paths: readonly Path[]): Entry {
  const { manager, operation, apiVersion, time } = head;
  const fieldsV1: Tree = {};
  for (const path of paths) {
    let tree = fieldsV1;
    for (const word of path.split('\n')) {
      tree[word] ??= {};
      tree = tree[word] as Tree;
    }
  }
  return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1 };
}

const withPaths = (entry: Entry, paths: readonly Path[]) => entryOf(entry, paths);

function pathsIn({ fieldsV1 }: Entry): Set<Path> {
  const found = new Set<Path>();
  const walk = (tree: Tree, path: readonly string[]) => {
    const words = Object.keys(tree);
    if (words.length === 0 && path.length > 0) found.add(path.join('\n'));
    for (const word of words) walk(tree[word] as Tree, [...path, word]);
  };
  walk(fieldsV1, []);
  return found;
}
