import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Definition } from '../../../src/workspace/kubernetes/definition.ts';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { withReleaseBundle } from '../../../src/workspace/kubernetes/release-bundle.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { createDefinitionScene, type DefinitionScene, type Loose, named } from './definition-scene.ts';
import { SPACE } from './live-scene.ts';

const OPERATION = 'op_0000000001';

let scene: DefinitionScene;
let bundle: string;
let captured: Definition;
beforeEach(async () => {
  scene = await createDefinitionScene();
  bundle = join(scene.folder, 'bundle');
  await mkdir(bundle);
  captured = (await scene.capture()).definition;
});
afterEach(() => scene.dispose());

const bring = (file: string, ...objects: object[]) =>
  writeFile(join(bundle, file), objects.map((object) => stringify(object)).join('---\n'));
const merged = () => withReleaseBundle(scene.with({ releaseBundle: bundle }), captured);

function deployment(name: string, replicas: number): Loose {
  const labels = { app: name };
  const containers = [{ name, image: 'ml/app:2' }];
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'of-the-vendor' } },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

describe('a release bundle', () => {
  it('is not asked for when none is configured', async () => {
    expect(await withReleaseBundle(scene.context, captured)).toEqual({ ...captured, migrations: [] });
  });

  it('brings its workloads instead of the captured ones, with the counts of the backup', async () => {
    await bring('web.yaml', deployment('web', 1), {
      ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly' } },
      spec: { schedule: '0 4 * * *', suspend: true },
    });
    const { objects } = await merged();
    const web = named(objects, 'Deployment', 'web') as Loose;
    expect(web.spec.replicas).toBe(2);
    expect(web.spec.template.spec.containers[0].image).toBe('ml/app:2');
    expect(web.metadata.namespace).toBeUndefined();
    expect(named(objects, 'CronJob', 'nightly').spec).toMatchObject({ schedule: '0 4 * * *', suspend: false });
    expect(objects.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'web')).toHaveLength(1);
    expect(named(objects, 'StatefulSet', 'db')).toEqual(named(captured.objects, 'StatefulSet', 'db'));
  });

  it('leaves configuration, certificates and addresses as they were captured, and adds what is new', async () => {
    await bring(
      'rest.yml',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cdsw-config' }, data: { DOMAIN: 'example.org' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cml-tls-secret' }, data: {} },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 81 }] } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'newer' }, data: { is: 'new' } },
    );
    const { objects } = await merged();
    for (const [kind, name] of [
      ['ConfigMap', 'cdsw-config'],
      ['Secret', 'cml-tls-secret'],
      ['Service', 'web'],
    ] as const)
      expect(named(objects, kind, name)).toEqual(named(captured.objects, kind, name));
    expect(named(objects, 'ConfigMap', 'newer')).toMatchObject({ data: { is: 'new' } });
  });

  it('brings no claims and nothing that runs: data is none of its business', async () => {
    await bring(
      'all.yaml',
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data-db-0' }, spec: {} },
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec: {} },
    );
    expect((await merged()).objects).toEqual(captured.objects);
  });

  it('is read from all its manifests, lists and JSON too, in an order that can be applied', async () => {
    const items = [deployment('one', 1), { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'one' } }];
    await writeFile(join(bundle, 'list.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await writeFile(join(bundle, 'README.md'), 'not: [a manifest');
    await bring('two.yaml', deployment('two', 1));
    const titles = (await merged()).objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(titles).toEqual(expect.arrayContaining(['Deployment/one', 'Deployment/two']));
    expect(titles[0]).toBe('ServiceAccount/one');
    expect(titles.indexOf('StatefulSet/db')).toBeLessThan(titles.indexOf('Deployment/one'));
  });

  it('says so when it is not there or damaged', async () => {
    const nowhere = scene.with({ releaseBundle: join(scene.folder, 'nowhere') });
    await expect(withReleaseBundle(nowhere, captured)).rejects.toMatchObject({ code: 'preflight-failed' });
    await writeFile(join(bundle, 'bad.yaml'), 'kind: Deployment\nmetadata: {name: [');
    await expect(merged()).rejects.toMatchObject({ code: 'preflight-failed' });
    await writeFile(join(bundle, 'bad.yaml'), 'kind: Deployment\n');
    await expect(merged()).rejects.toMatchObject({ code: 'preflight-failed' });
  });

  it('is looked at before a restore, and for nothing else', async () => {
    const nowhere = scene.with({ releaseBundle: join(scene.folder, 'nowhere') });
    await expect(inspectWorkspace(nowhere, { toRestore: 'asked' })).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('release bundle'),
    });
    await inspectWorkspace(nowhere);
  });

  it('is what runs after the definition of a backup was applied, and never after what was there before came back', async () => {
    await bring('web.yaml', deployment('web', 1));
    const context = scene.with({ releaseBundle: bundle });
    const runs = () => {
      const { spec } = scene.store.get(kinds.DEPLOYMENT, 'web', SPACE) ?? {};
      return [spec?.replicas, spec?.template.spec.containers[0].image];
    };
    const before = runs();
    await scene.apply(captured, undefined, context, { fromBackup: true });
    expect(runs()).toEqual([2, 'ml/app:2']);
    expect(scene.get(kinds.CONFIG_MAP, 'cdsw-config').data.DOMAIN).toBe('ml.example.com');
    await scene.apply(captured, undefined, context);
    expect(runs()).toEqual(before);
  });
});

describe('the migrations of a release bundle', () => {
  const migration = {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'db-migrate-2' } },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'ml/migrate:2' }] } } },
  };
  const job = () => scene.store.get(kinds.JOB, 'db-migrate-2', SPACE);
  const end = (type: 'Complete' | 'Failed') =>
    scene.edit(kinds.JOB, 'db-migrate-2', (found) => {
      Object.assign(found, { status: { conditions: [{ type, status: 'True', message: 'it said so' }] } });
    });
  const down = async () => {
    const note = await noteRunning(scene.context, OPERATION);
    await stopServices(scene.context, note, {});
    return note;
  };

  it('run once, anew, when the database is ready and before its clients start', async () => {
    await bring('migrate.yaml', migration);
    const old = scene.put(kinds.JOB, 'db-migrate-2', { spec: migration.spec });
    await scene.until('the old one has a pod', () => job() !== undefined);
    const note = await down();
    await scene.apply(captured, undefined, scene.with({ releaseBundle: bundle }), { fromBackup: true });
    const starting = startServices(scene.context, note, {});
    await scene.until('it runs anew', () => ![undefined, old.metadata.uid].includes(job()?.metadata.uid));
    expect(scene.get(kinds.STATEFUL_SET, 'db').status?.readyReplicas).toBe(1);
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    const { uid } = job()?.metadata ?? {};
    end('Complete');
    await starting;
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    expect(job()?.metadata.uid).toBe(uid);
  });

  it('fail the start when they fail, and are forgotten when what was there before comes back', async () => {
    await bring('migrate.yaml', migration);
    const note = await down();
    const context = scene.with({ releaseBundle: bundle });
    await scene.apply(captured, undefined, context, { fromBackup: true });
    const starting = expect(startServices(scene.context, note, {})).rejects.toMatchObject({
      code: 'service-will-not-start',
      message: 'The migration db-migrate-2 did not succeed: it said so',
    });
    await scene.until('it runs', () => job() !== undefined);
    end('Failed');
    await starting;
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    await stopServices(scene.context, note, {});
    await scene.apply(captured, undefined, context);
    await startServices(scene.context, note, {});
    await scene.untilUp();
  });
});
