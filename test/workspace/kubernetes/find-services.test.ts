import { describe, expect, it } from 'vitest';
import { findServices } from '../../../src/workspace/kubernetes/find-services.ts';
import {
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  REPLICA_SET,
  STATEFUL_SET,
} from '../../../src/workspace/kubernetes/kinds.ts';
import { createScene, mount, ownedBy, type Scene } from './scene.ts';

async function namesOf(scene: Scene): Promise<string[]> {
  return (await findServices(scene.context)).map(({ name }) => name);
}

describe('services of a namespace', () => {
  it('stop from what people see to the database, and what serves files last of all', async () => {
    const scene = await createScene();
    for (const name of ['db', 'livelog']) scene.template(STATEFUL_SET, name);
    scene.template(DEPLOYMENT, 'longhorn-nfs-ws1', {
      container: { args: ['-provisioner=longhorn-pv-ws1'] },
      volumes: [mount('longhorn-nfs-ws1')],
    });
    for (const name of ['s2i-builder', 'ds-operator', 'web', 'ds-reconciler', 'api', 'cron'])
      scene.template(DEPLOYMENT, name);
    expect(await namesOf(scene)).toEqual([
      ...['web', 'api', 'cron', 'ds-reconciler', 'ds-operator', 's2i-builder', 'livelog', 'db', 'longhorn-nfs-ws1'],
    ]);
  });

  it('stop in the configured order, with the others where the star is', async () => {
    const scene = await createScene({ order: ['cron', '*', 'web', 'db'] });
    for (const name of ['web', 'cron', 'api', 'runtime-manager']) scene.template(DEPLOYMENT, name);
    for (const name of ['db', 'livelog']) scene.template(STATEFUL_SET, name);
    expect(await namesOf(scene)).toEqual(['cron', 'api', 'runtime-manager', 'livelog', 'web', 'db']);
  });

  it('are not DaemonSets, Jobs, what another workload makes, what is labelled to be left, or ours', async () => {
    const scene = await createScene();
    scene.template(DEPLOYMENT, 'web');
    scene.template(REPLICA_SET, 'web-12345', { metadata: ownedBy('Deployment', 'web') });
    scene.template(DAEMON_SET, 'livelog-publisher');
    scene.template(JOB, 'db-migrate-2.0.51');
    scene.template(DEPLOYMENT, 'left', { metadata: { labels: { 'cml-backup/leave': 'true' } } });
    scene.template(DEPLOYMENT, 'ours', { metadata: { labels: { 'app.kubernetes.io/managed-by': 'cml-backup' } } });
    scene.template(CRON_JOB, 'made', { metadata: ownedBy('Deployment', 'web') });
    expect(await namesOf(scene)).toEqual(['web']);
  });

  it('are those of an operator too: who owns them is told of elsewhere', async () => {
    const scene = await createScene();
    scene.template(DEPLOYMENT, 'web', { metadata: ownedBy('MLWorkspace', 'ws1') });
    expect(await namesOf(scene)).toEqual(['web']);
  });

  it('have one name each, though two kinds share it', async () => {
    const scene = await createScene();
    scene.template(DEPLOYMENT, 'metrics');
    scene.template(STATEFUL_SET, 'metrics');
    expect(await namesOf(scene)).toEqual(['metrics', 'statefulset/metrics']);
  });

  it('say how many they ask for and whether all are ready', async () => {
    const scene = await createScene();
    scene.template(DEPLOYMENT, 'web', { replicas: 3, ready: 2 });
    scene.template(DEPLOYMENT, 'api');
    scene.put(CRON_JOB, 'clean', { spec: { suspend: false, jobTemplate: {} } });
    scene.put(CRON_JOB, 'sleeps', { spec: { suspend: true, jobTemplate: {} } });
    const found = await findServices(scene.context);
    const told = found.map(({ name, replicas, ready }) => [name, replicas, ready]);
    expect(told).toEqual([
      ['web', 3, false],
      ['api', 1, true],
      ['clean', 1, true],
      ['sleeps', 0, true],
    ]);
  });

  it('are not ready while their controller has not seen what is asked for now', async () => {
    const scene = await createScene();
    scene.template(DEPLOYMENT, 'web');
    scene.store.edit(DEPLOYMENT, 'web', 'ws1', (object) => {
      object.spec.replicas = 1;
      object.spec.paused = true;
    });
    expect((await findServices(scene.context))[0]?.ready).toBe(false);
  });
});
