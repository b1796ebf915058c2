import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import { CONFIG_MAP, POD } from '../../../src/workspace/kubernetes/kinds.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';

let double: KubeDouble;
let cluster: Cluster;

beforeEach(async () => {
  double = await createKubeDouble({ namespaces: ['ws'], bookmarkMs: 100 });
  cluster = double.cluster({ patienceMs: 1_000, silentMs: 250, watchSeconds: 1 });
});
afterEach(() => double.dispose());

const make = (name: string, labels: Record<string, string> = {}) =>
  double.store.create(CONFIG_MAP, { metadata: { name, namespace: 'ws', labels } });

/** Follows until there are so many; tells what it saw. */
function following(many: number, options: Parameters<Cluster['follow']>[3] = {}, labels?: string) {
  const seen: string[][] = [];
  const done = cluster.follow(
    CONFIG_MAP,
    { namespace: 'ws', labels },
    (maps) => {
      seen.push(maps.map(({ metadata }) => metadata?.name ?? '').sort());
      return maps.length >= many ? seen.length : undefined;
    },
    options,
  );
  return { done, seen };
}

const isWatching = () => expect.poll(() => double.watching()).toBe(1);
const lists = () => cluster.requests()['list configmaps'];

it('goes on from where it was when the watch is dropped', async () => {
  const { done } = following(2);
  await isWatching();
  make('one');
  double.faults.dropWatches();
  make('two');
  await done;
  expect(lists()).toBe(1);
});

it('goes on when the server ends the watch, without a new list', async () => {
  const { done } = following(1);
  await isWatching();
  await expect.poll(() => cluster.requests()['watch configmaps'], { timeout: 5_000 }).toBe(2);
  make('one');
  await done;
  expect(lists()).toBe(1);
});

it('lists anew when what it knows is too old', async () => {
  make('one');
  const { done, seen } = following(3);
  await isWatching();
  double.faults.add({ verb: 'watch' }, { kind: 'slow', ms: 100 });
  double.faults.dropWatches();
  double.store.remove(CONFIG_MAP, 'one', 'ws');
  for (const name of ['two', 'three', 'four']) make(name);
  double.store.compact();
  await done;
  expect(lists()).toBe(2);
  expect(seen.at(-1)).toEqual(['four', 'three', 'two']);
});

it('keeps up with the versions by bookmarks', async () => {
  const { done } = following(1);
  await isWatching();
  double.store.create(POD, { metadata: { name: 'p', namespace: 'ws' } });
  const { compact, version } = double.store;
  const newest = version();
  await expect.poll(() => double.requests.filter(({ verb }) => verb === 'watch').length, { timeout: 5_000 }).toBe(2);
  compact();
  expect(version()).toBe(newest);
  double.faults.dropWatches();
  await isWatching();
  make('one');
  await done;
  expect(lists()).toBe(1);
});

it('does not wait for ever on a watch that fell silent', async () => {
  const { done } = following(1);
  await isWatching();
  double.faults.silenceWatches();
  make('one');
  await done;
});

it('sees objects come and go that begin or cease to match', async () => {
  make('one', { app: 'web' });
  const { done, seen } = following(2, {}, 'app=web');
  await isWatching();
  make('two', { app: 'db' });
  const relabel = (name: string, app: string) =>
    double.store.edit(CONFIG_MAP, name, 'ws', ({ metadata }) => {
      metadata.labels = { app };
    });
  relabel('one', 'db');
  relabel('two', 'web');
  make('three', { app: 'web' });
  await done;
  expect(seen).toEqual([['one'], [], ['two'], ['three', 'two']]);
});

it('ends in time with the error it was given', async () => {
  const late = () => new Error('late');
  await expect(following(1, { withinMs: 100, late }).done).rejects.toThrow('late');
  await expect(following(1, { withinMs: 100 }).done).rejects.toMatchObject({ code: 'timed-out' });
  await expect.poll(() => double.watching()).toBe(0);
});

it('ends with the reason of its signal, and with what looking throws', async () => {
  const stop = new AbortController();
  const { done } = following(1, { signal: stop.signal });
  await isWatching();
  stop.abort(new Error('stopped'));
  await expect(done).rejects.toThrow('stopped');
  const looking = cluster.follow(CONFIG_MAP, {}, () => {
    throw new Error('looked');
  });
  await expect(looking).rejects.toThrow('looked');
  await expect.poll(() => double.watching()).toBe(0);
});

it('is told when it may not watch, and when the server went away', async () => {
  const allow = double.access.deny({ verb: 'watch', resource: 'configmaps' });
  await expect(following(1).done).rejects.toMatchObject({ reason: 'Forbidden' });
  allow();
  const { done } = following(1);
  const ended = expect(done).rejects.toMatchObject({ code: 'platform-unavailable', retryable: true });
  await isWatching();
  await double.dispose();
  await ended;
});

it('waits for a container that is still being made, and is told when its pod goes away', async () => {
  const spec = { containers: [{ name: 'main' }] };
  double.store.create(POD, { metadata: { name: 'p', namespace: 'ws' }, spec } as KubernetesObject);
  const lines: string[] = [];
  const container = { name: 'p', namespace: 'ws', container: 'main' };
  const reading = cluster.readLog(container, (line) => lines.push(line));
  const ended = expect(reading).rejects.toThrow(/was gone before its output/);
  await isWatching();
  const { metadata } = double.store.edit(POD, 'p', 'ws', (pod) => {
    pod.status = { containerStatuses: [{ name: 'main', state: { running: {} } }] };
  }) ?? { metadata: { uid: '' } };
  double.world.logs.append(metadata.uid, 'main', 'hello\n');
  await expect.poll(() => lines).toEqual(['hello']);
  double.store.remove(POD, 'p', 'ws');
  double.faults.dropLogs();
  await ended;
  expect(lines).toEqual(['hello']);
});
