import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Definition } from '../../../src/workspace/kubernetes/definition.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { withReleaseBundle } from '../../../src/workspace/kubernetes/release-bundle.ts';
import { createDefinitionScene, type DefinitionScene, type Loose, named } from './definition-scene.ts';
import { SPACE } from './live-scene.ts';

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
    expect(await withReleaseBundle(scene.context, captured)).toBe(captured);
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

  it('is what runs after the definition was applied', async () => {
    await bring('web.yaml', deployment('web', 1));
    await scene.apply(captured, undefined, scene.with({ releaseBundle: bundle }));
    const { spec } = scene.store.get(kinds.DEPLOYMENT, 'web', SPACE) ?? {};
    expect([spec?.replicas, spec?.template.spec.containers[0].image]).toEqual([2, 'ml/app:2']);
    expect(scene.get(kinds.CONFIG_MAP, 'cdsw-config').data.DOMAIN).toBe('ml.example.com');
  });
});
