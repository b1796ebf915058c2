import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PartPlan } from '../../../src/records/plan.ts';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { proveQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import { createLiveScene, type LiveScene, SPACE } from './live-scene.ts';

let scene: LiveScene;
let note: RunningNote;
let quiet: Quiet;
let parts: PartPlan[];

beforeEach(async () => {
  scene = await createLiveScene();
  const found = (await findParts(scene.context)).parts;
  parts = found.map(({ name }) => ({ name }) as PartPlan);
  note = await noteRunning(scene.context, 'op_01');
  quiet = await stopServices(scene.context, note, {});
});
afterEach(() => scene.dispose());

const prove = () => proveQuiet(scene.context, quiet, parts);
const broken = (message: string | RegExp) => ({
  code: 'not-quiet',
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
});

function mountProjects(name: string, options: { namespace?: string; labels?: object; readOnly?: boolean } = {}): void {
  const { namespace = SPACE, labels = {}, readOnly = false } = options;
  const pod = {
    metadata: { labels },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'main', image: 'x', volumeMounts: [{ name: 'p', mountPath: '/p', readOnly }] }],
      volumes: [{ name: 'p', persistentVolumeClaim: { claimName: 'projects-pvc' } }],
    },
  };
  scene.put(kinds.POD, name, pod, namespace);
}

describe('quiet', () => {
  test('holds while nothing is started and nobody has a part mounted', async () => {
    expect(parts.map(({ name }) => name).sort()).toEqual(['data-db-0', 'log-livelog-0', 'projects-pvc']);
    await prove();
  });

  test('is over once services were started, also by another life', async () => {
    await startServices(scene.context, note, {});
    await expect(prove()).rejects.toMatchObject(broken('services of ws1 were started'));
  });

  test('is another one after services were started and stopped again', async () => {
    await startServices(scene.context, note, {});
    const later = await stopServices(scene.context, note, {});
    expect(later.token).not.toBe(quiet.token);
    await expect(prove()).rejects.toMatchObject({ code: 'not-quiet' });
    await proveQuiet(scene.context, later, parts);
  });

  test('is broken by somebody who scales a service up', async () => {
    scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
      spec.replicas = 1;
    });
    await expect(prove()).rejects.toMatchObject(broken('the service web was scaled up by somebody else'));
  });

  test('is broken by somebody who lets a CronJob go', async () => {
    scene.edit(kinds.CRON_JOB, 'nightly', ({ spec }) => {
      spec.suspend = false;
    });
    await expect(prove()).rejects.toMatchObject(broken('nightly was scaled up by somebody else'));
  });

  test('is broken by an object made anew under the same name', async () => {
    const { spec } = scene.get(kinds.STATEFUL_SET, 'db');
    scene.store.remove(kinds.STATEFUL_SET, 'db', SPACE);
    scene.put(kinds.STATEFUL_SET, 'db', { spec });
    await expect(prove()).rejects.toMatchObject(broken('the service db was removed or made anew'));
  });

  test('is broken by somebody who writes over the note on a service', async () => {
    scene.edit(kinds.DEPLOYMENT, 'web', ({ metadata }) => {
      delete metadata.annotations?.[NOTES.ran];
    });
    await expect(prove()).rejects.toMatchObject(broken('the note on the service web is gone'));
  });

  test.each([
    ['a bare pod', {}],
    ['a pod that may only read', { readOnly: true }],
  ])('is broken by %s that has a part mounted', async (_what, options) => {
    mountProjects('stranger', options);
    await expect(prove()).rejects.toMatchObject(broken('the pod ws1/stranger has projects-pvc mounted'));
  });

  test('is broken by a running Job', async () => {
    const template = {
      spec: {
        restartPolicy: 'Never',
        containers: [
          { name: 'main', image: 'x', command: ['sleep', '60'], volumeMounts: [{ name: 'p', mountPath: '/p' }] },
        ],
        volumes: [{ name: 'p', persistentVolumeClaim: { claimName: 'projects-pvc' } }],
      },
    };
    scene.put(kinds.JOB, 'once', { spec: { template } });
    await scene.until('its pod is there', () => scene.store.list(kinds.POD, SPACE).length === 1);
    await expect(prove()).rejects.toMatchObject(broken(/the pod ws1\/once-\w+ has projects-pvc mounted/));
  });

  test('is not broken by movers and readers of ours', async () => {
    const labels = { [LABELS.managedBy]: OURS, [LABELS.role]: 'mover' };
    const spec = {
      containers: [{ name: 'main', image: 'x', command: ['sleep', '10'] }],
      volumes: [{ name: 'p', persistentVolumeClaim: { claimName: 'projects-pvc' } }],
    };
    scene.put(kinds.POD, 'mover', { metadata: { labels }, spec });
    await prove();
  });
});
