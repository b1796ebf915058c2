import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyDefinition } from '../../../src/workspace/kubernetes/apply-definition.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { lives, mortal } from './cut-scene.ts';
import { createDefinitionScene, type DefinitionScene, type Loose, named } from './definition-scene.ts';
import { SPACE } from './live-scene.ts';

let scene: DefinitionScene;
beforeEach(async () => {
  scene = await createDefinitionScene();
});
afterEach(() => scene.dispose());

const OPERATION = 'op_0000000001';
const down = async () => {
  const note = await noteRunning(scene.context, OPERATION);
  await stopServices(scene.context, note, {});
  return note;
};
const writes = () => scene.requests.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb)).length;

describe('applying a definition', () => {
  it('writes nothing when all is as it should be', async () => {
    const { path } = await scene.capture();
    const before = writes();
    await applyDefinition(scene.context, path);
    expect(writes()).toBe(before);
  });

  it('brings back what was changed, what was removed and what was added', async () => {
    const { definition, sha256 } = await scene.capture();
    scene.edit(kinds.CONFIG_MAP, 'cdsw-config', (found) => {
      found.data = { MODE: 'another', NEWER: 'yes' };
    });
    scene.store.remove(kinds.SECRET, 'cml-tls-secret', SPACE);
    scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
      spec.template.spec.containers[0].env = [{ name: 'NEWER', value: 'yes' }];
    });
    await scene.apply(definition);
    expect(scene.get(kinds.CONFIG_MAP, 'cdsw-config').data).toEqual({ DOMAIN: 'ml.example.com', MODE: 'usual' });
    expect(scene.get(kinds.SECRET, 'cml-tls-secret').data).toEqual({ 'tls.key': 'c2VjcmV0' });
    expect((await scene.capture()).sha256).toBe(sha256);
  });

  it('leaves what is there besides, and claims', async () => {
    const { definition } = await scene.capture();
    scene.put(kinds.CONFIG_MAP, 'of-somebody', { data: { is: 'there' } });
    const claims = () => scene.store.list(kinds.CLAIM, SPACE).map(({ metadata }) => metadata.resourceVersion);
    const before = claims();
    await scene.apply(definition);
    expect(scene.get(kinds.CONFIG_MAP, 'of-somebody').data).toEqual({ is: 'there' });
    expect(claims()).toEqual(before);
  });

  it('keeps the addresses of a Service and its ports on the nodes, also where it is replaced whole', async () => {
    const { definition } = await scene.capture();
    const { uid } = scene.get(kinds.ADDRESS, 'web').metadata;
    scene.edit(kinds.ADDRESS, 'web', ({ spec }) => {
      spec.selector = { app: 'web', newer: 'yes' };
      spec.externalTrafficPolicy = 'Local';
    });
    await scene.apply(definition);
    const { spec, metadata } = scene.get(kinds.ADDRESS, 'web');
    expect(metadata.uid).toBe(uid);
    expect(spec).toMatchObject({ clusterIP: '10.43.0.7', clusterIPs: ['10.43.0.7'], selector: { app: 'web' } });
    expect(spec.selector).toEqual({ app: 'web' });
    expect(spec.externalTrafficPolicy).toBeUndefined();
    expect(spec.ports).toEqual([{ name: 'http', port: 80, targetPort: 3000, protocol: 'TCP', nodePort: 30_080 }]);
  });

  it('writes again what a controller wrote in between', async () => {
    const { definition } = await scene.capture();
    scene.edit(kinds.CONFIG_MAP, 'cdsw-config', (found) => (found.data.NEWER = 'yes'));
    scene.faults.add({ verb: 'update', kind: 'ConfigMap', name: 'cdsw-config' }, { kind: 'conflict' }, 2);
    await scene.apply(definition);
    expect(scene.get(kinds.CONFIG_MAP, 'cdsw-config').data.NEWER).toBeUndefined();
  });

  it('changes nothing that is not of the workspace, and tells which kinds nobody knows', async () => {
    const { definition } = await scene.capture();
    await scene.apply(definition, (objects) => {
      objects.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'another' } });
      objects.push({ apiVersion: 'nobody/v1', kind: 'Unheard', metadata: { name: 'one' } });
    });
    expect(scene.store.get(kinds.NAMESPACE, 'another')).toBeUndefined();
    expect(scene.warnings.join()).toMatch(/not of the workspace alone.*does not know this kind/s);
  });

  it('does not remove what stands for something that the cluster takes in no way', async () => {
    const { definition } = await scene.capture();
    const { uid } = scene.get(kinds.CONFIG_MAP, 'cdsw-config').metadata;
    const applying = scene.apply(definition, (objects) => {
      (named(objects, 'ConfigMap', 'cdsw-config') as Loose).data = { 'no key': 'at all' };
    });
    await expect(applying).rejects.toMatchObject({ code: 'swap-failed' });
    expect(scene.get(kinds.CONFIG_MAP, 'cdsw-config').metadata.uid).toBe(uid);
  });

  it('makes an object anew whose fields may not be changed', async () => {
    scene.put(kinds.CONFIG_MAP, 'fixed', { immutable: true, data: { is: 'old' } });
    const { definition } = await scene.capture();
    await scene.apply(definition, (objects) => {
      (named(objects, 'ConfigMap', 'fixed') as Loose).data = { is: 'new' };
    });
    expect(scene.get(kinds.CONFIG_MAP, 'fixed').data).toEqual({ is: 'new' });
  });
});

describe('applying a definition while services are down', () => {
  const older = (objects: Loose[]) => {
    named(objects as never, 'Deployment', 'web').spec = {
      ...(named(objects as never, 'Deployment', 'web') as Loose).spec,
      replicas: 3,
    };
  };

  it('starts nothing: a service asks for what the definition wants only when it is started', async () => {
    const { definition } = await scene.capture();
    const note = await down();
    await scene.apply(definition, older);
    const web = scene.get(kinds.DEPLOYMENT, 'web');
    expect(web.spec.replicas).toBe(0);
    expect(JSON.parse(web.metadata.annotations?.[NOTES.ran] ?? '')).toMatchObject({ replicas: 3 });
    expect(scene.get(kinds.CRON_JOB, 'nightly').spec.suspend).toBe(true);
    expect(scene.pods('web')).toEqual([]);
    await startServices(scene.context, note, {});
    await scene.untilUp();
    expect(scene.pods('web')).toHaveLength(3);
    expect(scene.get(kinds.CRON_JOB, 'nightly').spec.suspend).toBe(false);
  });

  it('starts a service that was removed meanwhile and came back with the definition', async () => {
    const { definition } = await scene.capture();
    const note = await down();
    scene.store.remove(kinds.DEPLOYMENT, 'web', SPACE);
    await scene.until('it is gone', () => !scene.store.get(kinds.DEPLOYMENT, 'web', SPACE));
    await scene.apply(definition);
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    await startServices(scene.context, note, {});
    await scene.untilUp();
    expect(scene.pods('web')).toHaveLength(2);
  });

  it('makes a StatefulSet anew whose claim templates differ, leaves its claims, and starts it', async () => {
    const { definition } = await scene.capture();
    const note = await down();
    const claim = scene.get(kinds.CLAIM, 'data-db-0');
    const { uid } = scene.get(kinds.STATEFUL_SET, 'db').metadata;
    await scene.apply(definition, (objects) => {
      (named(objects, 'StatefulSet', 'db') as Loose).spec.volumeClaimTemplates[0].spec.resources.requests.storage =
        '2Gi';
    });
    const made = scene.get(kinds.STATEFUL_SET, 'db');
    expect(made.metadata.uid).not.toBe(uid);
    expect(made.spec.replicas).toBe(0);
    const { metadata, spec } = scene.get(kinds.CLAIM, 'data-db-0');
    expect([metadata.uid, spec.volumeName]).toEqual([claim.metadata.uid, claim.spec.volumeName]);
    await startServices(scene.context, note, {});
    await scene.untilUp();
    expect(scene.pods('db')).toHaveLength(1);
  });

  it('does not let an autoscaler that is held still go', async () => {
    scene.put(kinds.SCALED_OBJECT, 'web', { spec: { scaleTargetRef: { name: 'web' }, maxReplicaCount: 5 } });
    const { definition } = await scene.capture();
    const note = await down();
    await scene.apply(definition, (objects) => {
      (named(objects, 'ScaledObject', 'web') as Loose).spec.maxReplicaCount = 7;
    });
    const paused = () => scene.get(kinds.SCALED_OBJECT, 'web').metadata.annotations?.['autoscaling.keda.sh/paused'];
    expect(paused()).toBe('true');
    expect(scene.get(kinds.SCALED_OBJECT, 'web').spec.maxReplicaCount).toBe(7);
    await startServices(scene.context, note, {});
    expect(paused()).toBeUndefined();
  });

  it('comes to the same end wherever it died before', { timeout: 60_000 }, async () => {
    const { definition } = await scene.capture();
    const note = await down();
    for (let at = 1, isDone = false; !isDone; at += 1) {
      scene.edit(kinds.CONFIG_MAP, 'cdsw-config', (found) => (found.data = { NEWER: String(at) }));
      scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => (spec.template.spec.containers[0].image = `ml/app:${at + 1}`));
      scene.edit(kinds.STATEFUL_SET, 'db', ({ spec }) => (spec.serviceName = `db-${at}`));
      isDone = await lives(scene.apply(definition, undefined, mortal(scene.context, at)));
      await scene.apply(definition);
      expect({ at, replicas: scene.get(kinds.STATEFUL_SET, 'db').spec.replicas }).toEqual({ at, replicas: 0 });
      // What was made anew has the server's defaults in it besides.
      expect((await scene.capture()).definition).toMatchObject(definition);
      expect(at).toBeLessThan(30);
    }
    await startServices(scene.context, note, {});
    await scene.untilUp();
  });
});
