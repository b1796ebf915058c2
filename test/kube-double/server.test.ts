import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAP, DEPLOYMENT, JOB, NAMESPACE, POD, SECRET } from '../../src/workspace/kubernetes/kinds.ts';
import { createKubeDouble, type KubeDouble } from '../fakes/kube-api/double.ts';
import { Refused } from '../fakes/kube-api/store.ts';

let double: KubeDouble;
beforeEach(async () => {
  double = await createKubeDouble({ namespaces: ['ws'] });
});
afterEach(() => double.dispose());

const MAPS = '/api/v1/namespaces/ws/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/ws/deployments';
const container = { name: 'main', image: 'web:1', env: [{ name: 'A', value: '1' }] };
const web = {
  metadata: { name: 'web' },
  spec: { selector: { matchLabels: { app: 'web' } }, template: { spec: { containers: [container] } } },
};

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
type Answer = { readonly code: number; readonly body: any };

async function send(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
  const answer = await fetch(`${double.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': type } }),
  });
  return { code: answer.status, body: await answer.json() };
}
const merge = (path: string, body: unknown) => send('PATCH', path, body, 'application/merge-patch+json');
const strategic = (path: string, body: unknown) => send('PATCH', path, body, 'application/strategic-merge-patch+json');
const apply = (path: string, body: unknown, query: string) =>
  send('PATCH', `${path}?${query}`, body, 'application/apply-patch+yaml');

describe('patches', () => {
  it('merges lists of containers by name where the patch is strategic, and replaces them where it is not', async () => {
    await send('POST', DEPLOYMENTS, web);
    const patch = { spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } } };
    const merged = await strategic(`${DEPLOYMENTS}/web`, patch);
    expect(merged.body.spec.template.spec.containers).toHaveLength(2);
    const replaced = await merge(`${DEPLOYMENTS}/web`, patch);
    expect(replaced.body.spec.template.spec.containers).toEqual([{ name: 'side', image: 'side:1' }]);
  });

  it('takes JSON patches with tests', async () => {
    await send('POST', MAPS, { metadata: { name: 'one', annotations: { a: '1' } } });
    const steps = [
      { op: 'test', path: '/metadata/annotations/a', value: '1' },
      { op: 'add', path: '/metadata/annotations/b~1c', value: '2' },
    ];
    const patched = await send('PATCH', `${MAPS}/one`, steps, 'application/json-patch+json');
    expect(patched.body.metadata.annotations).toEqual({ a: '1', 'b/c': '2' });
    const failed = [{ op: 'test', path: '/metadata/annotations/a', value: '2' }];
    expect((await send('PATCH', `${MAPS}/one`, failed, 'application/json-patch+json')).code).toBe(422);
  });

  it('makes no version of a write that changes nothing', async () => {
    const { body } = await send('POST', MAPS, { metadata: { name: 'one' }, data: { a: '1' } });
    const same = await merge(`${MAPS}/one`, { data: { a: '1' } });
    expect(same.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });
});

describe('server-side apply', () => {
  const wish = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data });

  it('refuses what another owns unless it is forced', async () => {
    await apply(`${MAPS}/one`, wish({ a: '1' }), 'fieldManager=them');
    const refused = await apply(`${MAPS}/one`, wish({ a: '2' }), 'fieldManager=us');
    expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect(refused.body.details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "them"', field: '.data.a' },
    ]);
    const forced = await apply(`${MAPS}/one`, wish({ a: '2' }), 'fieldManager=us&force=true');
    expect(forced.body.data).toEqual({ a: '2' });
    expect((await apply(`${MAPS}/one`, wish({ a: '1' }), 'fieldManager=them')).code).toBe(409);
  });

  it('removes what it no longer says, and leaves what others set', async () => {
    await apply(`${MAPS}/one`, wish({ a: '1', b: '2' }), 'fieldManager=us');
    await merge(`${MAPS}/one`, { data: { c: '3' } });
    const after = await apply(`${MAPS}/one`, wish({ a: '1' }), 'fieldManager=us');
    expect(after.body.data).toEqual({ a: '1', c: '3' });
  });

  it('changes nothing when it says the same again', async () => {
    const first = await apply(`${MAPS}/one`, wish({ a: '1' }), 'fieldManager=us');
    const again = await apply(`${MAPS}/one`, wish({ a: '1' }), 'fieldManager=us');
    expect([first.code, again.code]).toEqual([201, 200]);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });
});

describe('what the server checks', () => {
  it.each([
    ['a label that is too long', { metadata: { name: 'x', labels: { a: 'a'.repeat(64) } } }, 422],
    ['a label with a slash', { metadata: { name: 'x', labels: { a: 'b/c' } } }, 422],
    ['a name with a capital', { metadata: { name: 'X' } }, 422],
    ['more than a mebibyte', { metadata: { name: 'x' }, data: { a: 'a'.repeat(1_048_577) } }, 422],
    ['annotations of more than 256 KiB', { metadata: { name: 'x', annotations: { a: 'a'.repeat(262_144) } } }, 422],
    ['a version of its own', { metadata: { name: 'x', resourceVersion: '1' } }, 400],
    ['another kind', { kind: 'Secret', metadata: { name: 'x' } }, 400],
    ['no name', { metadata: {} }, 422],
  ])('refuses %s', async (_, object, code) => {
    expect((await send('POST', MAPS, object)).code).toBe(code);
    expect(double.store.list(CONFIG_MAP)).toEqual([]);
  });

  it('refuses objects in a namespace that is not there or is going', async () => {
    const path = '/api/v1/namespaces/gone/configmaps';
    expect(await send('POST', path, { metadata: { name: 'x' } })).toMatchObject({
      body: { reason: 'NotFound', message: 'namespaces "gone" not found' },
    });
    double.store.create(NAMESPACE, { metadata: { name: 'gone', finalizers: ['a/b'] } });
    double.store.remove(NAMESPACE, 'gone');
    expect((await send('POST', path, { metadata: { name: 'x' } })).code).toBe(403);
  });

  it('refuses to change what is made once and for all', async () => {
    await send('POST', DEPLOYMENTS, web);
    const selector = { matchLabels: { app: 'other' } };
    expect((await merge(`${DEPLOYMENTS}/web`, { spec: { selector } })).code).toBe(422);
    const jobs = '/apis/batch/v1/namespaces/ws/jobs';
    await send('POST', jobs, { metadata: { name: 'j' }, spec: { template: { spec: { containers: [container] } } } });
    const template = { spec: { restartPolicy: 'Never' } };
    expect((await merge(`${jobs}/j`, { spec: { template } })).code).toBe(422);
    expect((await merge(`${jobs}/j`, { spec: { suspend: true } })).code).toBe(200);
    expect(double.store.get(JOB, 'j', 'ws')?.spec.template.metadata.labels['job-name']).toBe('j');
  });

  it('asks admission before each write, also one that only rehearses', async () => {
    const asked: string[] = [];
    double.admit(({ operation, object }) => {
      asked.push(`${operation} ${object.metadata.name}`);
      if (object.metadata.labels?.bad) throw new Refused(500, 'InternalError', 'failed calling webhook "x"');
    });
    await send('POST', `${MAPS}?dryRun=All`, { metadata: { name: 'one' } });
    expect(double.store.get(CONFIG_MAP, 'one', 'ws')).toBeUndefined();
    await send('POST', MAPS, { metadata: { name: 'one' } });
    expect((await merge(`${MAPS}/one`, { metadata: { labels: { bad: 'yes' } } })).code).toBe(500);
    await send('DELETE', `${MAPS}/one`);
    expect(asked).toEqual(['CREATE one', 'CREATE one', 'UPDATE one', 'DELETE one']);
  });
});

describe('objects', () => {
  it('keep their status from writers of the object, and the object from writers of the status', async () => {
    await send('POST', DEPLOYMENTS, { ...web, status: { replicas: 9 } });
    expect(double.store.get(DEPLOYMENT, 'web', 'ws')?.status).toEqual({});
    await merge(`${DEPLOYMENTS}/web`, { status: { replicas: 9 } });
    expect(double.store.get(DEPLOYMENT, 'web', 'ws')?.status).toEqual({});
    await merge(`${DEPLOYMENTS}/web/status`, { status: { replicas: 2 }, spec: { replicas: 9 } });
    expect(double.store.get(DEPLOYMENT, 'web', 'ws')).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 2 } });
  });

  it('get a name made of the one they begin with, and secrets their text coded', async () => {
    const { body } = await send('POST', '/api/v1/namespaces/ws/secrets', {
      metadata: { generateName: 'token-' },
      stringData: { a: 'secret' },
    });
    expect(body.metadata.name).toMatch(/^token-[a-z0-9]{5}$/);
    expect(double.store.get(SECRET, body.metadata.name, 'ws')?.data).toEqual({ a: 'c2VjcmV0' });
  });

  it('wait for their finalizers and for the grace of pods when they are deleted', async () => {
    await send('POST', MAPS, { metadata: { name: 'held', finalizers: ['a/b'] } });
    const held = await send('DELETE', `${MAPS}/held`);
    expect(held.body).toMatchObject({ kind: 'ConfigMap', metadata: { deletionTimestamp: expect.any(String) } });
    const freed = await merge(`${MAPS}/held`, { metadata: { finalizers: null } });
    expect(freed.code).toBe(200);
    expect(double.store.get(CONFIG_MAP, 'held', 'ws')).toBeUndefined();

    const pods = '/api/v1/namespaces/ws/pods';
    await send('POST', pods, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [container] } });
    await send('DELETE', `${pods}/p`);
    expect(double.store.get(POD, 'p', 'ws')?.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(await send('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })).toMatchObject({ code: 200 });
    expect(double.store.get(POD, 'p', 'ws')).toBeUndefined();
  });

  it('are picked by labels and by those fields that the real server knows', async () => {
    for (const [name, app] of [
      ['one', 'web'],
      ['two', 'db'],
      ['three', undefined],
    ]) {
      await send('POST', MAPS, { metadata: { name, ...(app && { labels: { app } }) } });
    }
    const named = async (query: string) => {
      const { body } = await send('GET', `${MAPS}?${query}`);
      return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    };
    expect(await named('labelSelector=app')).toEqual(['one', 'two']);
    expect(await named('labelSelector=!app')).toEqual(['three']);
    expect(await named('labelSelector=app%20in%20(web,x)')).toEqual(['one']);
    expect(await named('labelSelector=app!=web')).toEqual(['three', 'two']);
    expect(await named('fieldSelector=metadata.name=two')).toEqual(['two']);
    expect((await send('GET', `${MAPS}?fieldSelector=data.a=1`)).code).toBe(400);
  });

  it('are forbidden to whom no rule allows them', async () => {
    const rule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] };
    double.access.allowOnly([{ namespace: 'ws', rule }]);
    expect((await send('GET', MAPS)).code).toBe(200);
    expect(await send('GET', '/api/v1/configmaps')).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
    const { body } = await send('POST', MAPS, { metadata: { name: 'x' } });
    expect(body.message).toBe(
      'configmaps is forbidden: User "system:serviceaccount:cml-backup:cml-backup" cannot create resource "configmaps" in API group "" in the namespace "ws"',
    );
  });
});
