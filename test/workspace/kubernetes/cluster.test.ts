import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import { CONFIG_MAP, DEPLOYMENT, POD, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';

let double: KubeDouble;
let cluster: Cluster;

beforeEach(async () => {
  double = await createKubeDouble({ namespaces: ['ws'] });
  cluster = double.cluster({ patienceMs: 3_000, silentMs: 500, watchSeconds: 1 });
});
afterEach(() => double.dispose());

const labels = { 'cml-backup/operation': 'op_1' };
const configMap = (name: string, data: Record<string, string> = { a: '1' }) => ({
  metadata: { name, namespace: 'ws', labels },
  data,
});

describe('the client of a cluster', () => {
  it('makes, reads, changes, lists and removes objects', async () => {
    const made = await cluster.create(CONFIG_MAP, configMap('one'));
    expect(made).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    expect(await cluster.read(CONFIG_MAP, 'one', 'ws')).toEqual(made);
    const patched = await cluster.patch(CONFIG_MAP, 'one', 'ws', { data: { a: null, b: '2' } });
    expect(patched.data).toEqual({ b: '2' });
    const replaced = await cluster.replace(CONFIG_MAP, { ...patched, data: { c: '3' } });
    expect(replaced.data).toEqual({ c: '3' });
    await expect(cluster.replace(CONFIG_MAP, { ...patched, data: {} })).rejects.toMatchObject({ reason: 'Conflict' });
    const [listed] = await cluster.list(CONFIG_MAP, { namespace: 'ws', labels: 'cml-backup/operation=op_1' });
    expect(listed).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { c: '3' } });
    await cluster.remove(CONFIG_MAP, 'one', 'ws');
    await cluster.remove(CONFIG_MAP, 'one', 'ws');
    expect(await cluster.read(CONFIG_MAP, 'one', 'ws')).toBeUndefined();
    expect(cluster.requests()).toMatchObject({ 'create configmaps': 1, 'delete configmaps': 2 });
  });

  it('follows objects until it sees what it waits for', async () => {
    await cluster.create(CONFIG_MAP, configMap('one'));
    const seen: number[] = [];
    const found = cluster.follow(CONFIG_MAP, { namespace: 'ws' }, (maps) => {
      seen.push(maps.length);
      return maps.find(({ metadata }) => metadata?.name === 'three');
    });
    await expect.poll(() => seen).toEqual([1]);
    await cluster.create(CONFIG_MAP, configMap('two'));
    await cluster.create(CONFIG_MAP, configMap('three'));
    expect((await found).data).toEqual({ a: '1' });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('lists every page', async () => {
    for (let at = 0; at < 1_100; at += 1)
      double.store.create(SECRET, { metadata: { name: `s${at}`, namespace: 'ws' } });
    expect(await cluster.list(SECRET)).toHaveLength(1_100);
    expect(cluster.requests()).toEqual({ 'list secrets': 3 });
  });

  it('believes for a while what the cluster serves, and asks anew after that', async () => {
    const [asking, believing] = [double.cluster({ kindsMs: 0 }), double.cluster()];
    const asked = () => double.others.length;
    for (const [one, times] of [
      [asking, 3],
      [believing, 1],
    ] as const) {
      const before = asked();
      for (let time = 0; time < 3; time += 1) expect(await one.serves(DEPLOYMENT)).toBe(true);
      expect(asked() - before).toBe(times);
    }
  });

  it('knows what the cluster serves and what is forbidden', async () => {
    double.access.deny({ verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'ws' });
    const wish = { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'ws' };
    expect(await cluster.missing([wish, { ...wish, verb: 'get' }])).toEqual([wish]);
    await expect(cluster.patch(DEPLOYMENT, 'web', 'ws', {})).rejects.toMatchObject({
      status: 403,
      reason: 'Forbidden',
    });
    expect(await cluster.serves(DEPLOYMENT)).toBe(true);
    double.withdraw(DEPLOYMENT);
    expect(await double.cluster({ kindsMs: 0 }).serves(DEPLOYMENT)).toBe(false);
    expect((await cluster.discover()).map(({ plural }) => plural)).toContain('routes');
    expect(await cluster.get('/version')).toMatchObject({ major: '1' });
    expect(await cluster.get('/nowhere')).toBeUndefined();
  });

  it('applies in its own name and takes fields over', async () => {
    await cluster.create(CONFIG_MAP, configMap('one', { a: '1', b: '2' }));
    const applied = await cluster.apply(CONFIG_MAP, {
      metadata: { name: 'one', namespace: 'ws' },
      data: { a: '9', c: '3' },
    });
    expect(applied.data).toEqual({ a: '9', b: '2', c: '3' });
    const again = await cluster.apply(CONFIG_MAP, { metadata: { name: 'one', namespace: 'ws' }, data: { a: '9' } });
    expect(again.data).toEqual({ a: '9', b: '2' });
  });

  it('reads the log of a container to its end', async () => {
    const pod = double.store.create(POD, {
      metadata: { name: 'p', namespace: 'ws' },
      spec: { containers: [{ name: 'main' }] },
    } as never);
    const status = (state: object) => (object: { status?: unknown }) => {
      object.status = { containerStatuses: [{ name: 'main', state }] };
    };
    const lines: string[] = [];
    const reading = cluster.readLog({ name: 'p', namespace: 'ws', container: 'main' }, (line) => lines.push(line));
    double.store.edit(POD, 'p', 'ws', status({ running: {} }));
    double.world.logs.append(pod.metadata.uid, 'main', 'first\n');
    await expect.poll(() => lines).toEqual(['first']);
    double.faults.dropLogs();
    double.world.logs.append(pod.metadata.uid, 'main', 'second\n');
    double.world.logs.append(pod.metadata.uid, 'main', 'second\n');
    await expect.poll(() => lines).toEqual(['first', 'second', 'second']);
    double.world.logs.end(pod.metadata.uid, 'main');
    double.store.edit(POD, 'p', 'ws', status({ terminated: { exitCode: 0 } }));
    await reading;
    expect(lines).toEqual(['first', 'second', 'second']);
  });

  it('reads a log of very many lines without taking ever longer', async () => {
    const pod = double.store.create(POD, {
      metadata: { name: 'p', namespace: 'ws' },
      spec: { containers: [{ name: 'main' }] },
      status: { containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }] },
    } as never);
    const many = 100_000;
    const text = Array.from({ length: many }, (_, at) => `{"name":"file ${at}"}`).join('\n');
    double.world.logs.append(pod.metadata.uid, 'main', text);
    double.world.logs.end(pod.metadata.uid, 'main');
    const lines: string[] = [];
    await cluster.readLog({ name: 'p', namespace: 'ws', container: 'main' }, (line) => lines.push(line));
    expect(lines).toHaveLength(many);
    expect(lines.at(-1)).toBe(`{"name":"file ${many - 1}"}`);
  }, 10_000);
});
