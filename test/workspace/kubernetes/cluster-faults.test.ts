import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PortError } from '../../../src/errors.ts';
import { type Cluster, ClusterRefusal } from '../../../src/workspace/kubernetes/cluster.ts';
import { CONFIG_MAP, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { createKubeDouble, type KubeDouble } from '../../fakes/kube-api/double.ts';
import type { Fault } from '../../fakes/kube-api/faults.ts';

let double: KubeDouble;
let cluster: Cluster;
let impatient: Cluster;

beforeEach(async () => {
  double = await createKubeDouble({ namespaces: ['ws'] });
  cluster = double.cluster({ patienceMs: 1_500, silentMs: 250, watchSeconds: 1 });
  impatient = double.cluster({ patienceMs: 300 });
});
afterEach(() => double.dispose());

const labels = { 'cml-backup/operation': 'op_1' };
const metadata = { name: 'one', namespace: 'ws' };
const put = (data: Record<string, string> = { a: '1' }) =>
  double.store.create(CONFIG_MAP, { metadata: { ...metadata, labels }, data } as KubernetesObject);
const make = (by = cluster) => by.create(CONFIG_MAP, { metadata: { ...metadata, labels }, data: { a: '1' } });
const standing = () => double.store.get(CONFIG_MAP, 'one', 'ws');
const always = 1_000;

const throttled: Fault = { kind: 'answer', status: 429, retryAfterSeconds: 1 };
const failing: Fault = { kind: 'answer', status: 500, message: 'failed calling webhook "x"' };
const down: Fault = { kind: 'answer', status: 503 };

describe('a request', () => {
  const read = (by = cluster) => by.read(CONFIG_MAP, 'one', 'ws');
  const again = 'is sent again';
  const rows: { fault: string; verb: 'get' | 'list'; does: Fault; outcome: string; sent: number }[] = [
    { fault: '429 with Retry-After', verb: 'get', does: throttled, outcome: 'is sent again after it', sent: 2 },
    { fault: '500', verb: 'get', does: failing, outcome: again, sent: 2 },
    { fault: '503', verb: 'list', does: down, outcome: again, sent: 2 },
    { fault: 'a dropped connection', verb: 'get', does: { kind: 'drop' }, outcome: again, sent: 2 },
    { fault: 'silence', verb: 'get', does: { kind: 'silent' }, outcome: again, sent: 2 },
    { fault: 'a slow answer', verb: 'get', does: { kind: 'slow', ms: 100 }, outcome: 'waits for it', sent: 1 },
    { fault: 'an answer slower than we wait', verb: 'list', does: { kind: 'slow', ms: 600 }, outcome: again, sent: 2 },
  ];
  it.each(rows)('that meets $fault $outcome', async ({ verb, does, sent }) => {
    put();
    const startedAt = performance.now();
    double.faults.add({ verb }, does);
    expect(await (verb === 'get' ? read() : cluster.list(CONFIG_MAP))).toMatchObject(
      verb === 'get' ? { metadata } : [{ metadata }],
    );
    expect(cluster.requests()).toEqual({ [`${verb} configmaps`]: sent });
    if (does === throttled) expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  });

  it('is told as unavailable when it is throttled for longer than patience lasts', async () => {
    double.faults.add({ verb: 'get' }, { kind: 'answer', status: 429, retryAfterSeconds: 60 }, always);
    const error = await rejected(read());
    expect(error).toMatchObject({ code: 'platform-unavailable', retryable: true, cause: { status: 429 } });
    expect(cluster.requests()).toEqual({ 'get configmaps': 1 });
  });

  it('is told as unavailable when the server stays down', async () => {
    double.faults.add({ verb: 'get' }, down, always);
    expect(await rejected(read(impatient))).toMatchObject({ code: 'platform-unavailable', retryable: true });
  });

  it('is told in the words of the server when it goes on failing', async () => {
    double.faults.add({ verb: 'get' }, failing, always);
    const error = await rejected(read(impatient));
    expect(error).toBeInstanceOf(ClusterRefusal);
    expect(error).toMatchObject({ status: 500, reason: 'InternalError', message: 'failed calling webhook "x"' });
  });

  it('is told as unavailable when there is no server', async () => {
    await double.dispose();
    const error = await rejected(read(impatient));
    expect(error).toBeInstanceOf(PortError);
    expect(error).toMatchObject({ code: 'platform-unavailable', retryable: true });
  });

  it.each([401, 403])('is sent once when the answer is %i', async (status) => {
    double.faults.add({ verb: 'get' }, { kind: 'answer', status }, always);
    expect(await rejected(read())).toMatchObject({ status });
    expect(cluster.requests()).toEqual({ 'get configmaps': 1 });
  });

  it('begins a list again that grew too old between two pages', async () => {
    for (let at = 0; at < 600; at += 1) double.store.create(SECRET, { metadata: { name: `s${at}`, namespace: 'ws' } });
    const isSecondPage = ({ query }: { query: URLSearchParams }) => query.has('continue');
    double.faults.add({ verb: 'list', when: isSecondPage }, { kind: 'answer', status: 410 });
    expect(await cluster.list(SECRET)).toHaveLength(600);
    expect(cluster.requests()).toEqual({ 'list secrets': 4 });
  });
});

describe('a create', () => {
  it('whose answer is lost is looked up and not made twice', async () => {
    double.faults.add({ verb: 'create' }, { kind: 'lose-answer' });
    const made = await make();
    expect(made.metadata?.uid).toBe(standing()?.metadata.uid);
    expect(cluster.requests()).toEqual({ 'create configmaps': 1, 'get configmaps': 1 });
  });

  it('that never arrived is sent again after a look', async () => {
    double.faults.add({ verb: 'create' }, { kind: 'drop' });
    expect(await make()).toMatchObject({ metadata: { labels } });
    expect(cluster.requests()).toEqual({ 'create configmaps': 2, 'get configmaps': 1 });
  });

  it('does not take what somebody else made under its name', async () => {
    double.faults.beforeWrite(() => {
      if (!standing()) double.store.create(CONFIG_MAP, { metadata: { ...metadata, labels: { whose: 'theirs' } } });
      return 'drop';
    });
    expect(await rejected(make(impatient))).toMatchObject({ code: 'platform-unavailable' });
    double.faults.clear();
    expect(await rejected(make())).toMatchObject({ reason: 'AlreadyExists' });
  });

  it('that is named by the server is not sent again when it may have happened', async () => {
    double.faults.add({ verb: 'create' }, { kind: 'lose-answer' });
    const object = { metadata: { generateName: 'one-', namespace: 'ws' } };
    expect(await rejected(cluster.create(CONFIG_MAP, object))).toMatchObject({ code: 'platform-unavailable' });
    expect(double.store.list(CONFIG_MAP, 'ws')).toHaveLength(1);
  });

  it('that only rehearses tells at once what fails, and makes nothing', async () => {
    double.faults.add({ verb: 'create' }, failing);
    const rehearse = () => cluster.create(CONFIG_MAP, { metadata }, { dryRun: true });
    expect(await rejected(rehearse())).toMatchObject({ status: 500 });
    await rehearse();
    expect(standing()).toBeUndefined();
    expect(cluster.requests()).toEqual({ 'create configmaps': 2 });
  });
});

describe('a conditional write', () => {
  it('whose answer is lost knows its own change again', async () => {
    const { resourceVersion } = put().metadata;
    double.faults.add({ verb: 'patch' }, { kind: 'lose-answer' });
    const patched = await cluster.patch(CONFIG_MAP, 'one', 'ws', { metadata: { resourceVersion }, data: { a: '2' } });
    expect(patched.data).toEqual({ a: '2' });
    double.faults.add({ verb: 'update' }, { kind: 'lose-answer' });
    expect((await cluster.replace(CONFIG_MAP, { ...patched, data: { a: '3' } })).data).toEqual({ a: '3' });
  });

  it('whose answer is lost does not take the change of another for its own', async () => {
    const { resourceVersion } = put().metadata;
    double.faults.beforeWrite(() => {
      double.store.edit(CONFIG_MAP, 'one', 'ws', (object) => {
        object.data = { a: 'theirs' };
      });
      double.faults.clear();
      return 'drop';
    });
    const patch = cluster.patch(CONFIG_MAP, 'one', 'ws', { metadata: { resourceVersion }, data: { a: '2' } });
    expect(await rejected(patch)).toMatchObject({ reason: 'Conflict' });
  });

  it('is told each conflict of a storm, once each', async () => {
    const { resourceVersion } = put().metadata;
    const storm = double.faults.add({ verb: 'patch' }, { kind: 'conflict' }, 3);
    const patch = () => cluster.patch(CONFIG_MAP, 'one', 'ws', { metadata: { resourceVersion }, data: { a: '2' } });
    for (let at = 0; at < 3; at += 1) expect(await rejected(patch())).toMatchObject({ reason: 'Conflict' });
    expect((await patch()).data).toEqual({ a: '2' });
    expect(storm.hits()).toBe(3);
    expect(cluster.requests()).toEqual({ 'patch configmaps': 4 });
  });

  it('is told no conflict when it names no version, unless the storm goes on', async () => {
    put();
    const storm = double.faults.add({ verb: 'patch' }, { kind: 'conflict' }, 6);
    expect((await cluster.patch(CONFIG_MAP, 'one', 'ws', { data: { a: '2' } })).data).toEqual({ a: '2' });
    expect(storm.hits()).toBe(6);
    double.faults.add({ verb: 'patch' }, { kind: 'conflict' }, always);
    expect(await rejected(cluster.patch(CONFIG_MAP, 'one', 'ws', { data: { a: '3' } }))).toMatchObject({
      reason: 'Conflict',
    });
  });

  it('of an object that was made anew is a conflict', async () => {
    put();
    const patch = cluster.patch(CONFIG_MAP, 'one', 'ws', { metadata: { uid: 'another' }, data: { a: '2' } });
    expect(await rejected(patch)).toMatchObject({ status: 409, reason: 'Conflict' });
    expect(await rejected(cluster.remove(CONFIG_MAP, 'one', 'ws', { uid: 'another' }))).toMatchObject({
      reason: 'Conflict',
    });
    expect(standing()?.data).toEqual({ a: '1' });
  });
});

describe('a life that has ended', () => {
  it('has no effect any more, and another goes on', async () => {
    const first = double.cluster({ patienceMs: 300, silentMs: 100 }, 'life-1');
    const { promise: died, resolve: die } = promised();
    double.faults.afterWrite(({ caller }) => {
      if (caller !== 'life-1') return undefined;
      double.faults.add(
        { when: (request) => request.caller === 'life-1' },
        { kind: 'silent' },
        Number.POSITIVE_INFINITY,
      );
      die();
      return 'silent';
    });
    const making = rejected(make(first));
    await died;
    expect(await make().catch((error: unknown) => error)).toMatchObject({ reason: 'AlreadyExists' });
    await cluster.remove(CONFIG_MAP, 'one', 'ws');
    expect(await making).toMatchObject({ code: 'platform-unavailable' });
    expect(await rejected(make(first))).toMatchObject({ code: 'platform-unavailable' });
    expect(standing()).toBeUndefined();
  });
});

describe('a removal', () => {
  it('whose answer is lost leaves alone what was made under the name meanwhile', async () => {
    const { uid } = put().metadata;
    double.faults.afterWrite(() => {
      double.faults.clear();
      put({ a: 'new' });
      return 'drop';
    });
    await cluster.remove(CONFIG_MAP, 'one', 'ws', { uid });
    expect(standing()?.data).toEqual({ a: 'new' });
  });
});

function promised(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function rejected(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`it was answered: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}
