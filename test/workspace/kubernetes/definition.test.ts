import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { recordsOf } from '../../../src/workspace/kubernetes/ledger.ts';
import { LABELS, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { createDefinitionScene, type DefinitionScene, named } from './definition-scene.ts';

let scene: DefinitionScene;
beforeEach(async () => {
  scene = await createDefinitionScene();
});
afterEach(() => scene.dispose());

const titles = (objects: readonly { kind: string; metadata: { name: string } }[]) =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

describe('the definition', () => {
  it('is what people made, in the order in which it is applied', async () => {
    const { definition } = await scene.capture();
    expect(titles(definition.objects)).toEqual([
      ...['Secret/cml-tls-secret', 'ConfigMap/cdsw-config', 'Service/db', 'Service/web'],
      ...['StatefulSet/db', 'StatefulSet/livelog', 'Deployment/ds-operator', 'Deployment/web', 'CronJob/nightly'],
    ]);
    expect(titles(definition.claims)).toEqual([
      ...['PersistentVolumeClaim/data-db-0', 'PersistentVolumeClaim/log-livelog-0'],
      'PersistentVolumeClaim/projects-pvc',
    ]);
  });

  it('holds nothing of the cluster that it came from', async () => {
    const { path, definition } = await scene.capture();
    const text = await readFile(path, 'utf8');
    for (const word of [
      'uid',
      'resourceVersion',
      'managedFields',
      'status',
      'creationTimestamp',
      '10.43.0.7',
      'nodePort',
    ])
      expect(text).not.toContain(`"${word}"`);
    expect(named(definition.objects, 'Service', 'db').spec).toMatchObject({ clusterIP: 'None' });
    expect(text).not.toContain('30080');
  });

  it('holds no tokens of service accounts and nothing that the cluster puts into every namespace', async () => {
    const { definition } = await scene.capture();
    for (const title of ['Secret/default-token', 'Secret/default-dockercfg', 'ConfigMap/kube-root-ca.crt'])
      expect(titles(definition.objects)).not.toContain(title);
  });

  it('holds nothing of ours, nor what another object made', async () => {
    await recordsOf(scene.context).write('op_0000000009', 'quiet', {});
    scene.put(kinds.SECRET, 'ours', { metadata: { labels: { [LABELS.managedBy]: OURS } }, data: {} });
    const owner = { apiVersion: 'v1', kind: 'Deployment', name: 'web', uid: 'uid', controller: true };
    scene.put(kinds.CONFIG_MAP, 'made', { metadata: { ownerReferences: [owner] }, data: {} });
    const { definition } = await scene.capture();
    expect(titles(definition.objects).filter((title) => /ours|made|cml-backup/.test(title))).toEqual([]);
  });

  it('is the same to the byte while services run, while they are stopped, and afterwards', async () => {
    scene.workload(kinds.STATEFUL_SET, 'cache', {
      spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' } },
    });
    scene.put(kinds.SCALED_OBJECT, 'web', { spec: { scaleTargetRef: { name: 'web' } } });
    await scene.untilUp();
    const running = await scene.capture();
    const note = await noteRunning(scene.context, 'op_0000000001');
    await stopServices(scene.context, note, {});
    expect(scene.get(kinds.SCALED_OBJECT, 'web').metadata.annotations).toMatchObject({
      'autoscaling.keda.sh/paused': 'true',
    });
    const stopped = await scene.capture();
    await startServices(scene.context, note, {});
    const again = await scene.capture();
    expect(stopped.definition).toEqual(running.definition);
    expect([stopped.sha256, again.sha256]).toEqual([running.sha256, running.sha256]);
  });

  it('names the release, has the hash of the file, and only we can read it: it holds secrets', async () => {
    const { path, sha256, release } = await scene.capture();
    const text = await readFile(path, 'utf8');
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(release).toBe('1');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is not made with holes: what we may not list of a workspace fails it, what operators added does not', async () => {
    scene.access.deny({ verb: 'list', resource: 'scaledobjects' });
    await scene.capture();
    scene.access.deny({ verb: 'list', resource: 'secrets' });
    await expect(scene.capture()).rejects.toMatchObject({ reason: 'Forbidden' });
  });
});
