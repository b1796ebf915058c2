import { describe, expect, it } from 'vitest';
import { findWorkloads } from '../../../src/workspace/kubernetes/workloads.ts';
import { createScene, mount, ownedBy } from './scene.ts';

const USER = { namespace: 'ws1-user-12' };

describe("people's workloads", () => {
  it("are the live pods of users' namespaces, not of others", async () => {
    const scene = await createScene();
    scene.pod('nv8ou6d2xskx8boy', [mount('28f3a063')], USER);
    scene.pod('ended', [], { ...USER, phase: 'Succeeded' });
    scene.pod('web', []);
    scene.pod('other', [], { namespace: 'ws10-user-1' });
    const found = await findWorkloads(scene.context);
    expect(found).toEqual([
      { namespace: 'ws1-user-12', pod: 'nv8ou6d2xskx8boy', kind: 'unknown', claims: ['28f3a063'] },
    ]);
  });

  it('are found in the namespaces that the configuration says', async () => {
    const scene = await createScene({ userNamespaces: 'mlx.user-*' });
    scene.pod('one', [], { namespace: 'mlx.user-1' });
    scene.pod('other', [], { namespace: 'mlx-user-1' });
    expect((await findWorkloads(scene.context)).map(({ pod }) => pod)).toEqual(['one']);
  });

  it("are never the workspace's own pods, however wide the pattern is", async () => {
    const scene = await createScene({ userNamespaces: '*' });
    scene.pod('web', []);
    expect(await findWorkloads(scene.context)).toEqual([]);
  });

  it('say what they are, by their label or by what made them', async () => {
    const scene = await createScene();
    scene.pod('a', [], { ...USER, metadata: { labels: { 'ds-role': 'session' } } });
    scene.pod('b', [], { ...USER, metadata: { labels: { 'ds-role': 'job' } } });
    scene.pod('c', [], { ...USER, metadata: { labels: { 'ds-role': 'application' } } });
    const labels = { 'pod-template-hash': 'abc' };
    scene.pod('churn-3-1-abc-x', [], { ...USER, metadata: { ...ownedBy('ReplicaSet', 'churn-3-1-abc'), labels } });
    const found = await findWorkloads(scene.context);
    expect(found.map(({ kind }) => kind)).toEqual(['session', 'job', 'application', 'model']);
    expect(found[3]?.madeBy).toEqual({ kind: 'Deployment', name: 'churn-3-1' });
  });

  it('have an owner only where the pod says who', async () => {
    const scene = await createScene();
    scene.pod('a', [], { ...USER, metadata: { annotations: { 'example.com/username': 'ada' } } });
    scene.pod('b', [], USER);
    expect((await findWorkloads(scene.context)).map(({ owner }) => owner)).toEqual(['ada', undefined]);
  });
});
