import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../fakes/kube-api/store.ts';

const TRACES = join(import.meta.dirname, 'traces');
const WATCHES = ['pods', 'deployments', 'replicasets', 'statefulsets', 'jobs'];

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind
type Anything = any;

interface Event {
  readonly watch: string;
  readonly type: string;
  readonly object: Anything;
}

/** What happened to each object, one after the other. Across objects only causes come before effects, in a real cluster too. */
export type Lives = Readonly<Record<string, readonly unknown[]>>;

export function recordedLives(name: string): Lives {
  const lines = readFileSync(join(TRACES, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return livesOf(lines.map((line) => JSON.parse(line) as Event));
}

/** Remembers every change from now on. */
export function recordLives(store: Store): () => Lives {
  const events: Event[] = [];
  const stop = store.listen(({ type, kind, object }) => {
    events.push({ type, watch: kind.plural, object: structuredClone(object) });
  });
  return () => {
    stop();
    return livesOf(events);
  };
}

function livesOf(events: readonly Event[]): Lives {
  const lives: Record<string, unknown[]> = {};
  const bases = new Map<string, number>();
  for (const { watch, type, object } of events.filter((event) => WATCHES.includes(event.watch))) {
    const { uid } = object.metadata;
    bases.set(uid, bases.get(uid) ?? (watch === 'pods' ? 0 : object.metadata.generation - 1));
    const key = `${watch}/${aliasOf(events, object)}`;
    lives[key] = [...(lives[key] ?? []), comparable(watch, type, object, bases.get(uid) ?? 0)];
  }
  return lives;
}

/** Names that are made up are replaced by the number in the order of appearance. */
function aliasOf(events: readonly Event[], { metadata }: Anything): string {
  const base = withoutHashes(metadata.generateName?.replace(/-$/, '') ?? metadata.name);
  const isMadeUp = metadata.generateName && !metadata.labels?.['statefulset.kubernetes.io/pod-name'];
  const names = events.map(({ object }) => object.metadata).filter((one) => one.generateName === metadata.generateName);
  const number = [...new Set(names.map(({ name }) => name))].indexOf(metadata.name);
  return isMadeUp ? `${base}#${number + 1}` : withoutHashes(metadata.name);
}

const withoutHashes = (text: string) => text.replace(/\b(web|ds-operator|db|livelog)-[0-9a-f]{8,10}\b/g, '$1-hash');

function comparable(watch: string, type: string, object: Anything, base: number): unknown {
  const { metadata, spec, status } = object;
  const labels = Object.fromEntries(
    Object.entries<string>(metadata.labels ?? {})
      .filter(([key]) => !key.startsWith('cml-backup/'))
      .map(([key, value]) => [
        key,
        /hash$/.test(key) ? withoutHashes(value).replace(/^[0-9a-f]{8,10}$/, 'hash') : value,
      ]),
  );
  const seen = {
    type,
    generation: metadata.generation - base,
    deletion: metadata.deletionTimestamp ? metadata.deletionGracePeriodSeconds : undefined,
    ...{ labels, finalizers: metadata.finalizers, owners: metadata.ownerReferences },
    annotations: Object.keys(metadata.annotations ?? {}).length > 0 ? metadata.annotations : undefined,
    spec: watch === 'pods' ? podSpec(spec) : specOf(watch, spec),
    status: watch === 'pods' ? podStatus(status) : { ...status, ...observed(status, base) },
  };
  const text = withoutHashes(JSON.stringify(seen))
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'uid')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'time');
  return JSON.parse(text);
}

const observed = (status: Anything, base: number) =>
  status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration - base };

function specOf(watch: string, spec: Anything): object {
  return watch === 'jobs' ? { backoffLimit: spec.backoffLimit, suspend: spec.suspend } : { replicas: spec.replicas };
}

/** Cut down as in the recordings. */
function podSpec({ nodeName, terminationGracePeriodSeconds, volumes }: Anything): object {
  const names = volumes.map((volume: Anything) => (typeof volume === 'string' ? volume : volume.name));
  return {
    ...{ nodeName, terminationGracePeriodSeconds },
    volumes: names.map((name: string) => name.replace(/^(kube-api-access)-.*$/, '$1')),
  };
}

function podStatus({ phase, conditions, containerStatuses }: Anything): object {
  const word = ({ type, status, reason }: Anything) => `${type}=${status}${reason ? `:${reason}` : ''}`;
  return {
    phase,
    conditions: conditions?.map((one: Anything) => (typeof one === 'string' ? one : word(one))),
    containerStatuses: containerStatuses?.map(({ ready, started, state, exitCode }: Anything) => ({
      ...{ ready, started },
      state: typeof state === 'string' ? state : Object.keys(state)[0],
      exitCode: exitCode ?? state.terminated?.exitCode,
    })),
  };
}
