import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../fakes/kube-api/store.ts';

/** Recordings of a real cluster; see their README. Copied from there, cut down to what the double answers for. */
const TRACES = join(import.meta.dirname, 'traces');

export interface Seen {
  readonly watch: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind
  readonly object: any;
}

/** What the watches of a recording saw, in the order in which the server wrote it, ids and times made comparable. */
export function recorded(name: string, watches: readonly string[], named: RegExp): Seen[] {
  const lines = readFileSync(join(TRACES, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  const seen = lines
    .map((line) => JSON.parse(line) as Seen)
    .filter(({ watch, object }) => watches.includes(watch) && named.test(object.metadata.name));
  return comparable(seen);
}

/** Remembers every change from now on. */
export function record(
  store: Store,
  watches: readonly string[],
  named: RegExp,
): { seen(only?: readonly string[]): Seen[]; stop(): void } {
  const events: Seen[] = [];
  const stop = store.listen(({ type, kind, object }) => {
    if (watches.includes(kind.plural) && named.test(object.metadata.name))
      events.push({ type, watch: kind.plural, object: structuredClone(object) });
  });
  const seen = (only = watches) => comparable(events.filter(({ watch }) => only.includes(watch)));
  return { seen, stop };
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

function comparable(events: readonly Seen[]): Seen[] {
  const ordered = [...events].sort(
    (one, other) => Number(one.object.metadata.resourceVersion) - Number(other.object.metadata.resourceVersion),
  );
  const ids = new Map<string, string>();
  const idOf = (id: string) => {
    ids.set(id, ids.get(id) ?? `id-${ids.size + 1}`);
    return ids.get(id) ?? id;
  };
  return ordered.map(({ watch, type, object }) => {
    const text = JSON.stringify(inOrder(object))
      .replace(UUID, idOf)
      .replace(TIME, 'time')
      .replace(/"creationTime":\d+/g, '"creationTime":0')
      .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"0"')
      .replace(/(csiProvisionerIdentity":")[\d-]+/g, '$1');
    return { watch, type, object: JSON.parse(text) };
  });
}

/** Ids are counted in the order in which they stand: keys must stand in one order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, inOrder(inner)]),
  );
}
